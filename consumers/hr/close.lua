-- Takes a case off its investigator's desk. Safe to run twice.
-- KEYS: cases (case -> record), load (investigator -> open cases)
-- ARGV: case, key of the command
-- Returns the case's record as JSON, or nothing when nobody has it.
local known = redis.call('HGET', KEYS[1], ARGV[1])
-- That it is closed is noted even if nobody had it: it must not be escalated any more.
local record = known and cjson.decode(known) or {}
if record.closed_by then
  return record.closed_by == ARGV[2] and record.investigator and known or false
end
record.closed_by = ARGV[2]
local closed = cjson.encode(record)
redis.call('HSET', KEYS[1], ARGV[1], closed)
if not record.investigator then return false end
redis.call('ZINCRBY', KEYS[2], -1, record.investigator.id)
return closed
