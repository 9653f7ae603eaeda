-- Takes back what was granted, once. Safe to run twice.
-- KEYS: entries (subject -> entry)
-- ARGV: subject, when that was asked for in ms, the number to take back or '' for any
-- Returns the entry as JSON. If nothing was granted, what was asked for until then never will be;
-- what was granted anew since then stays.
local known = redis.call('HGET', KEYS[1], ARGV[1])
local entry = known and cjson.decode(known) or {}
local time = tonumber(ARGV[2])
local is_meant = tostring(entry.number) == ARGV[3]
if ARGV[3] == '' then is_meant = not entry.asked or entry.asked <= time end
if not is_meant then return '{}' end
if entry.undone and (ARGV[3] ~= '' or time <= entry.undone) then return known end
if entry.undone then entry = {} end
entry.undone = time
local written = cjson.encode(entry)
redis.call('HSET', KEYS[1], ARGV[1], written)
return written
