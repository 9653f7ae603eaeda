-- Counts a complaint in its week. Safe to run twice.
-- KEYS: seen (keys of what is counted), week (what is counted -> how often)
-- ARGV: key of the event, for how many seconds a week is kept, then what to count
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then return end
for index = 3, #ARGV do
  redis.call('HINCRBY', KEYS[2], ARGV[index], 1)
end
for _, key in ipairs(KEYS) do
  redis.call('EXPIRE', key, ARGV[2])
end
