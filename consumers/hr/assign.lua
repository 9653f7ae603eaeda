-- Gives a case to whoever of the region has the fewest open ones. Safe to run twice.
-- KEYS: cases (case -> record), load (investigator -> open cases), staff (investigator -> who),
--       the region's investigators
-- ARGV: case, key of the command, when it was asked for in ms, region, priority
-- Returns the case's record as JSON, one without an investigator where the case was closed after this
-- was asked for, or nothing when nobody works in the region.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local record = cjson.decode(known)
  -- An open case keeps its investigator. A closed one is opened by a new command only: one that was
  -- asked for after it was closed.
  if not record.closed_by or record.assigned_by == ARGV[2] then return known end
  if record.closed and tonumber(ARGV[3]) <= record.closed then return '{}' end
end
local chosen, fewest
local members = redis.call('SMEMBERS', KEYS[4])
table.sort(members)
for _, id in ipairs(members) do
  local open = tonumber(redis.call('ZSCORE', KEYS[2], id) or 0)
  if not fewest or open < fewest then chosen, fewest = id, open end
end
if not chosen then return false end
local record = cjson.encode({
  investigator = cjson.decode(redis.call('HGET', KEYS[3], chosen)),
  region = ARGV[4],
  priority = ARGV[5],
  open_cases = tonumber(redis.call('ZINCRBY', KEYS[2], 1, chosen)),
  assigned_by = ARGV[2],
})
redis.call('HSET', KEYS[1], ARGV[1], record)
return record
