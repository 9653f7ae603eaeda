-- Grants something once, under the next number. Safe to run twice.
-- KEYS: entries (subject -> entry), counter
-- ARGV: subject, when it was asked for in ms, what is granted as JSON
-- Returns the entry as JSON: the one there was, or the new one. One that was taken back stays so
-- for whatever was asked for before that; without a number it never was granted.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local entry = cjson.decode(known)
  if not entry.undone or tonumber(ARGV[2]) <= entry.undone then return known end
end
local entry = cjson.encode({
  number = redis.call('INCR', KEYS[2]), asked = tonumber(ARGV[2]), content = ARGV[3]
})
redis.call('HSET', KEYS[1], ARGV[1], entry)
return entry
