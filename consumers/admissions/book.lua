-- Gives an application the first time for an interview that is free. Safe to run twice.
-- KEYS: booked (application -> time), taken (time -> application)
-- ARGV: application, then times in the order in which they are to be given
-- Returns the application's time, also one it had to give back; nothing when none is free.
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then return known end
for index = 2, #ARGV do
  if redis.call('HSETNX', KEYS[2], ARGV[index], ARGV[1]) == 1 then
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[index])
    return ARGV[index]
  end
end
return false
