-- Enters something once, under the next number. Safe to run twice.
-- KEYS: entries (application -> entry), counter
-- ARGV: application, what to enter as JSON
-- Returns the entry as JSON: the one there was, or the new one.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then return known end
local entry = cjson.encode({number = redis.call('INCR', KEYS[2]), content = ARGV[2]})
redis.call('HSET', KEYS[1], ARGV[1], entry)
return entry
