-- Takes a case off its investigator's desk. Safe to run twice.
-- KEYS: cases (case -> record), load (investigator -> open cases)
-- ARGV: case, key of the command, when it was asked for in ms
-- Returns the case's record as JSON, or nothing when nobody has it.
local known = redis.call('HGET', KEYS[1], ARGV[1])
-- That it is closed is noted even if nobody had it: it must not be escalated any more.
local record = known and cjson.decode(known) or {}
local was_closed = record.closed_by
record.closed_by = was_closed or ARGV[2]
record.closed = math.max(record.closed or 0, tonumber(ARGV[3]))
local closed = cjson.encode(record)
redis.call('HSET', KEYS[1], ARGV[1], closed)
if not record.investigator or record.closed_by ~= ARGV[2] then return false end
if not was_closed then redis.call('ZINCRBY', KEYS[2], -1, record.investigator.id) end
return closed
