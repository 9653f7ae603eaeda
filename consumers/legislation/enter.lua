-- Enters what a bill changes, once. Safe to run twice.
-- KEYS: bills (bill -> what it entered), versions (section -> how many), texts (section -> text)
-- ARGV: bill, then for each section: name, text with bill and day as JSON, day (YYYY-MM-DD)
-- Returns as JSON which version each section got.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then return known end
local entered = {}
for index = 2, #ARGV, 3 do
  local section, text, day = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  entered[#entered + 1] = {section = section, version = redis.call('HINCRBY', KEYS[2], section, 1)}
  local now = redis.call('HGET', KEYS[3], section)
  -- A bill that was signed later may take effect earlier: the later day is the law.
  if not now or cjson.decode(now).effective_on <= day then
    redis.call('HSET', KEYS[3], section, text)
  end
end
known = cjson.encode(entered)
redis.call('HSET', KEYS[1], ARGV[1], known)
return known
