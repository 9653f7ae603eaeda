-- Takes a case off its investigator's desk. Safe to run twice.
-- KEYS: cases (case -> record), load (investigator -> open cases)
-- ARGV: case, key of the command
-- Returns the case's record as JSON, or nothing when nobody has it.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if not known then return false end
local record = cjson.decode(known)
if record.closed_by then
  return record.closed_by == ARGV[2] and known or false
end
redis.call('ZINCRBY', KEYS[2], -1, record.investigator.id)
record.closed_by = ARGV[2]
known = cjson.encode(record)
redis.call('HSET', KEYS[1], ARGV[1], known)
return known
