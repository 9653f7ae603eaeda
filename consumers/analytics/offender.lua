-- Puts an employer on the list once more. Safe to run twice.
-- KEYS: offenders (employer -> how often), noted (key of a command -> what it made of it),
--       week (employer -> how often in this week)
-- ARGV: employer, key of the command, for how many seconds the week is kept
-- Returns how often the employer had been put there then, this time included.
local known = redis.call('HGET', KEYS[2], ARGV[2])
if known then return tonumber(known) end
local times = redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('HSET', KEYS[2], ARGV[2], times)
redis.call('HINCRBY', KEYS[3], ARGV[1], 1)
redis.call('EXPIRE', KEYS[3], ARGV[3])
return times
