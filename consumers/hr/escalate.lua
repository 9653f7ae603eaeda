-- Gives a case that nobody has to whoever has the fewest open ones, wherever. Safe to run twice.
-- KEYS: cases (case -> record), load (investigator -> open cases), staff (investigator -> who)
-- ARGV: case, key of the command, priority
-- Returns the case's record as JSON, or nothing when somebody has or had the case.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  return cjson.decode(known).assigned_by == ARGV[2] and known or false
end
local chosen = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
if not chosen then return false end
local investigator = cjson.decode(redis.call('HGET', KEYS[3], chosen))
local record = cjson.encode({
  investigator = investigator,
  region = investigator.region,
  priority = ARGV[3],
  open_cases = tonumber(redis.call('ZINCRBY', KEYS[2], 1, chosen)),
  assigned_by = ARGV[2],
})
redis.call('HSET', KEYS[1], ARGV[1], record)
return record
