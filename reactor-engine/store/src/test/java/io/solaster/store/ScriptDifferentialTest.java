package io.solaster.store;

import java.util.ArrayList;
import java.util.List;

import io.solaster.store.script.NeedsLua;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every reply of scripts is redis-server's to the byte, and so are the errors. */
@NeedsLua
class ScriptDifferentialTest {
    @RegisterExtension
    static final RedisComparison redis = new RedisComparison();

    /** One script a line; those that use keys have k1{t}, k2{t} and k3{t}. */
    private static final String VALUES = """
            return 'hello'
            return 1
            return 100.5
            return -3.99
            return 1e300
            return 0/0
            return true
            return false
            return nil
            return
            return {}
            return {1,2,3,'ciao',{1,2}}
            return {1,nil,3}
            return {1,false,true,2.7}
            return {ok='fine'}
            return {ok='a\\r\\nb'}
            return {err='MY error'}
            return {err='-MY error'}
            return {err='x'}
            return {double=1.5}
            return {double=0.1}
            return {double=1e300}
            return {big_number='123\\r\\n123'}
            return {verbatim_string={format='txt',string='some'}}
            return {map={a=1}}
            return {set={a=true}}
            return {map={}}
            return {map={1}}
            return {ok=1}
            return function() end
            return {function() end}
            return _G
            return {KEYS[1],KEYS[2],ARGV[1],ARGV[2],#KEYS,#ARGV}
            return tostring(KEYS[9])
            KEYS[1]='a' return KEYS[1]
            KEYS={}
            redis.setresp(3) return {true,false}
            redis.setresp(3) return nil
            redis.setresp(3) return {double=3.5}
            return redis.status_reply('x')
            return redis.error_reply('x y')
            return redis.error_reply('-x y')
            return redis.error_reply('plain')
            return {redis.status_reply(1).err,redis.error_reply().err,redis.error_reply('-A b').err,redis.error_reply('  b  ').err}
            return redis.sha1hex('')
            return redis.sha1hex(12)
            return redis.sha1hex()
            return {redis.LOG_DEBUG,redis.LOG_VERBOSE,redis.LOG_NOTICE,redis.LOG_WARNING,redis.REPL_ALL,redis.REPL_AOF,redis.REPL_SLAVE,redis.REPL_REPLICA,redis.REPL_NONE}
            return {redis.REDIS_VERSION,redis.REDIS_VERSION_NUM,_VERSION}
            return redis.breakpoint()
            return redis.replicate_commands()
            return redis.nope
            redis.setresp(1)
            redis.setresp()
            redis.set_repl(77)
            redis.set_repl()
            redis.set_repl(redis.REPL_ALL) return 1
            redis.log(1)
            redis.log('a','b')
            redis.log(9,'b')
            """;

    private static final String ERRORS = """
            error('x')
            error('x', 0)
            error({err='My Err'})
            error(nil)
            error(true)
            error(12)
            return 1 +
            return (
            return 'a
            foo()
            a = 10
            local a = nil + 1
            local x = {} x[nil] = 1
            local x = nil return x.y
            return #nil
            return {} .. 'a'
            return {} < {}
            for i = 'a', 2 do end
            local function f() return f() + 1 end return f()
            local f f = function() return f() end return pcall(error, 'x')
            return string.rep()
            return ('x'):nope()
            return loadfile('x')
            return dofile('x')
            return print('x')
            return require('x')
            return io
            return debug
            return package
            return setfenv
            return newproxy
            string.len = 1
            redis.call = 1
            cjson.encode = 1
            _G = {}
            redis = 1
            rawset(string, 'a', 1)
            rawset(_G, 'a', 1)
            table.insert(string, 1)
            setmetatable(_G, {})
            setmetatable(redis, {})
            getmetatable('').__index = 1
            local g = getmetatable(_G) g.__index = {}
            coroutine.yield(1)
            return {pcall(function() error({err='ab'}) end)}
            return {pcall(function() error('z', 0) end)}
            return select(2, pcall(error, 'msg'))
            return select(2, pcall(function() return redis.call('nope') end))
            return select(2, pcall(redis.call, 'nope'))
            return {xpcall(function() error('z', 0) end, function(e) return 'handled ' .. e end)}
            return select('#', pcall(function() return 1, nil, nil end))
            return {pcall(1)}
            return {pcall(nil)}
            return loadstring('return 7')()
            return {loadstring('return +')}
            return loadstring(string.dump(function() return 1 end))()
            return {load(function() return nil end)}
            local n = 0 return load(function() n = n + 1 return ({'return ', '4', '2'})[n] end)()
            local c = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) return {c(1), c(5)}
            local c = coroutine.create(function() error('in it', 0) end) return {coroutine.resume(c)}
            local c = coroutine.create(function() coroutine.yield(1, 2) return 3 end) return {coroutine.status(c), {coroutine.resume(c)}, coroutine.status(c), {coroutine.resume(c)}, coroutine.status(c), {coroutine.resume(c)}}
            return coroutine.running() == nil
            return unpack({1,2,3})
            return {unpack({1,2,3}, 2)}
            return {unpack({1,2,3}, 2, 3)}
            return {unpack({}, 1, 1e8)}
            local a = {} for i=1,7999 do a[i] = 1 end return #{unpack(a)}
            return {unpack()}
            return {unpack({1,2,3}, 3, 1)}
            return string.rep()
            assert(false)
            assert(nil, 'message')
            return assert(5, 'x')
            return {tostring(nil), tostring(true), tostring(1.5), tostring(1e15), tostring(-0), tostring(0/0), tostring(1/0)}
            return {tonumber('0x10'), tonumber('  12  '), tonumber('1e2'), tonumber('z', 36), tonumber('x')}
            return rawequal(string, string)
            return rawget({a=1}, 'a')
            return type(next)
            local t = {} for k, v in pairs({a=1}) do t[#t+1] = k t[#t+1] = v end return t
            local t = {} for k, v in pairs(_G) do t[#t+1] = type(k) end return #t > 20
            local t = {} for i, v in ipairs({5,6,nil,7}) do t[#t+1] = v end return t
            return collectgarbage('count') > 0
            return gcinfo() > 0
            """;

    private static final String COMMANDS = """
            return redis.call('SET', KEYS[1], 'v')
            return redis.call('GET', KEYS[1])
            return redis.call('GET', KEYS[2])
            return type(redis.call('GET', KEYS[2]))
            return redis.call('SET', KEYS[1], 1.5) and redis.call('GET', KEYS[1])
            return redis.call('SET', KEYS[1], 1e20) and redis.call('GET', KEYS[1])
            return redis.call('SET', KEYS[1], 0.1) and redis.call('GET', KEYS[1])
            return redis.call('SET', KEYS[1], -0) and redis.call('GET', KEYS[1])
            return redis.call('SET', KEYS[1], 9007199254740991) and redis.call('GET', KEYS[1])
            return redis.call('SET', KEYS[1], 1/0) and redis.call('GET', KEYS[1])
            return redis.call('INCR', KEYS[1])
            return redis.pcall('INCR', KEYS[1])
            return redis.pcall('INCR', KEYS[1]).err
            return {redis.pcall('INCR', KEYS[1])}
            return redis.call('DEL', KEYS[1])
            return {redis.call('INCR', KEYS[1]), redis.call('INCRBY', KEYS[1], ARGV[1])}
            return redis.call('LPUSH', KEYS[2], 1, 2, 3)
            return redis.call('LRANGE', KEYS[2], 0, -1)
            return #redis.call('LRANGE', KEYS[2], 0, -1)
            return redis.call('LPUSH', KEYS[1], 1)
            return redis.pcall('LPUSH', KEYS[1], 1)
            return redis.call('HSET', KEYS[3], 'f', 'v')
            return redis.call('HGETALL', KEYS[3])
            redis.setresp(3) return redis.call('HGETALL', KEYS[3])
            redis.setresp(3) return redis.call('HGETALL', KEYS[3]).map.f
            redis.setresp(3) return redis.call('GET', 'none{t}')
            redis.setresp(3) return type(redis.call('GET', 'none{t}'))
            redis.setresp(3) redis.setresp(2) return redis.call('HGETALL', KEYS[3])
            return redis.call('HGET', KEYS[3], 'none')
            return redis.call('SADD', 's{t}', 'm')
            return redis.call('SMEMBERS', 's{t}')
            redis.setresp(3) return redis.call('SMEMBERS', 's{t}')
            redis.setresp(3) return redis.call('SMEMBERS', 's{t}').set.m
            return redis.call('ZADD', 'z{t}', 1.5, 'm')
            return redis.call('ZSCORE', 'z{t}', 'm')
            redis.setresp(3) return redis.call('ZSCORE', 'z{t}', 'm')
            redis.setresp(3) return redis.call('ZSCORE', 'z{t}', 'm').double
            return redis.call('get')
            return redis.pcall('get').err
            return redis.call()
            return redis.pcall()
            return redis.call('nope')
            return redis.pcall('nope')
            return redis.call('get', {})
            return redis.call('get', nil)
            return redis.call({}, 'a')
            return redis.call('eval', 'return 1', 0)
            return redis.call('script', 'flush')
            return redis.call('config', 'get', 'maxmemory')
            return redis.call('ping')
            return redis.call('PING', 'x')
            return redis.call('echo', 'x')
            return type(redis.call('time')[1])
            return redis.call('MGET', KEYS[1], KEYS[2], 'none{t}')
            return redis.call('TYPE', KEYS[2])
            return redis.call('TYPE', KEYS[2]).ok
            redis.call('SET', KEYS[1], 'x') error('after')
            return redis.call('GET', KEYS[1])
            local x = {} for i = 1, 100 do table.insert(x, i) end redis.call('DEL', KEYS[2]) redis.call('RPUSH', KEYS[2], unpack(x)) return redis.call('LRANGE', KEYS[2], 0, -1)
            if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end
            for i = 0, 10 do redis.call('SET', KEYS[1], '1') redis.call('EXPIRE', KEYS[1], 0) redis.call('GET', KEYS[1]) end return redis.call('EXISTS', KEYS[1])
            """;

    private static final String LIBRARIES = """
            math.randomseed(5) return {tostring(math.random()),math.random(10),math.random(5,9)}
            math.randomseed(ARGV[1]) return tostring(math.random())
            return math.random(0)
            return math.random(9, 1)
            return math.random(1,2,3)
            return {math.floor(1.5), math.huge > 1, math.max(1,2), tostring(math.pi)}
            return string.format('%5.2f %d %s %q %x', 1.234, 7, 'x', 'a', 255)
            return {string.byte('abc', 1, -1)}
            return string.rep('x', -1)
            return string.rep('ab', 3)
            return #string.rep('x', 100000)
            return {string.find('hello world', 'o w')}
            return {string.find('hello', 'l(.)')}
            return {string.gsub('hello', 'l', 'L')}
            return {string.gsub('hello', '.', {h='H'})}
            return {string.gsub('hello', '.', function(c) return c:upper() end)}
            return string.match('key=value', '(%w+)=(%w+)')
            local t = {} for w in string.gmatch('a b c', '%w') do t[#t+1] = w end return t
            local t = {3,1,2} table.sort(t) return t
            local t = {3,1,2} table.sort(t, function(a,b) return a > b end) return t
            return table.concat({1,2,3}, ',')
            local t = {1,2} table.insert(t, 1, 0) return {table.remove(t), #t}
            return bit.tobit(0xffffffff)
            return bit.tohex(255)
            return {bit.tohex(255, 4), bit.tohex(-1, -2), bit.tohex(1, 0), bit.tohex(1, 20)}
            return {bit.band(0xff, 0x0f), bit.bor(1,2,4), bit.bxor(1,3), bit.bnot(0)}
            return {bit.lshift(1, 31), bit.rshift(-1, 28), bit.arshift(-16, 2), bit.rol(0x12345678, 8), bit.ror(0x12345678, 8), bit.bswap(0x12345678)}
            return {bit.lshift(1, 33), bit.tobit(1.5), bit.tobit(2.5), bit.tobit(-1.5), bit.tobit(2^40 + 5)}
            return bit.band()
            return bit.band('x')
            return bit.band('12', '4')
            return cjson.encode({1,2,3})
            return cjson.encode({a=1})
            return cjson.encode({})
            return cjson.encode({a={b={1,2,{}}}})
            return cjson.encode('a/b"c\\\\d\\n\\1\\127é')
            return cjson.encode({1.5, 1e20, 0.1, -5, 1/3, 100000000000000, 1e15})
            return cjson.encode({[1]='a',[3]='c'})
            return cjson.encode({[1]='a',[100]='c'})
            return cjson.encode({[1.5]='a'})
            return cjson.encode({[-1]='a'})
            return cjson.encode({[true]='a'})
            return cjson.encode({x=cjson.null})
            return cjson.encode(nil)
            return cjson.encode(true)
            return cjson.encode(0/0)
            return cjson.encode(function() end)
            return cjson.encode({f=function() end})
            return cjson.encode()
            return cjson.decode('[1,2,{"a":[]}]')
            return cjson.decode('{"a":1}').a
            return cjson.decode('{"a":null}').a == cjson.null
            return cjson.decode('"x\\\\u00e9\\\\ud83d\\\\ude00\\\\n"')
            return {tostring(cjson.decode('0.1')), tostring(cjson.decode('-5e3')), tostring(cjson.decode('1E2')), tostring(cjson.decode('0x10')), tostring(cjson.decode('-inf'))}
            return cjson.decode('')
            return cjson.decode('[')
            return cjson.decode('[1')
            return cjson.decode('[1,]')
            return cjson.decode('{1:2}')
            return cjson.decode('{"a" 2}')
            return cjson.decode('{"a":2')
            return cjson.decode('{"a":2,}')
            return cjson.decode('nope')
            return cjson.decode('tru')
            return cjson.decode('"abc')
            return cjson.decode('"\\\\x"')
            return cjson.decode('"\\\\u12"')
            return cjson.decode('1 2')
            return cjson.decode('-')
            return cjson.decode(5)
            return cjson.decode({})
            return cjson.decode()
            return {cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision(), cjson.encode_keep_buffer(), cjson.encode_invalid_numbers(), cjson.decode_invalid_numbers()}
            return {cjson.encode_sparse_array()}
            cjson.encode_max_depth(0)
            cjson.encode_number_precision(20)
            cjson.encode_invalid_numbers('foo')
            cjson.encode_invalid_numbers('null') local r = cjson.encode({0/0}) cjson.encode_invalid_numbers(false) return r
            cjson.encode_max_depth(1) local ok = pcall(cjson.encode, {a={}}) cjson.encode_max_depth(1000) return ok
            cjson.encode_sparse_array(true) local r = cjson.encode({[1]='a',[100]='c'}) cjson.encode_sparse_array(false) return r
            return {cjson._NAME, cjson._VERSION, cmsgpack._NAME, cmsgpack._VERSION}
            return cmsgpack.pack(1)
            return cmsgpack.pack(-1, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, -32, -33, -128, -129, -32768, -32769, -2147483649)
            return cmsgpack.pack(0.1, 1.5, 1e300)
            return cmsgpack.pack('abc', string.rep('x', 40), string.rep('y', 300))
            return cmsgpack.pack({1,2,3}, {a=1}, {}, true, false, nil)
            return cmsgpack.pack({[1]='a',[3]='b'})
            return cmsgpack.pack()
            return {cmsgpack.unpack(cmsgpack.pack(1, 'a', {1,2}, true))}
            return cmsgpack.unpack(cmsgpack.pack({a={b='c'}})).a.b
            return {cmsgpack.unpack_one(cmsgpack.pack(1, 2, 3))}
            return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)}
            return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 1, 2)}
            return cmsgpack.unpack('\\xc1')
            return cmsgpack.unpack('\\xd9')
            return cmsgpack.unpack('\\x92\\x01')
            return cmsgpack.unpack_one('abc', 9)
            return cmsgpack.unpack_one('abc', -1)
            return struct.pack('>I2 <I4 b', 258, 1, -1)
            return struct.pack('>d', 1.5)
            return struct.pack('<f', 1.5)
            return struct.pack('s c3 x', 'abc', 'defg')
            return struct.pack('c5', 'abc')
            return struct.pack('!8 b d', 1, 2)
            return struct.pack('I', -1)
            return struct.pack('I33', 1)
            return struct.pack('!3 b', 1)
            return struct.pack('?', 1)
            return {struct.unpack('>I2 <I4 b', struct.pack('>I2 <I4 b', 258, 1, -1))}
            return {struct.unpack('>h', '\\255\\254')}
            return {struct.unpack('s', 'abc\\0def')}
            return {struct.unpack('b c0', '\\3abcdef')}
            return struct.unpack('c0', 'abc')
            return struct.unpack('I4', 'abc')
            return struct.unpack('s', 'abc')
            return {struct.unpack('b', 'abc', 3)}
            return struct.unpack('b', 'abc', 0)
            return {struct.size('b'), struct.size('I4'), struct.size('!4 b I4'), struct.size('d')}
            return struct.size('s')
            """;

    private static final List<String[]> OTHERS = List.of(
            words("EVAL", "return 1"), words("EVAL", "return 1", "x"), words("EVAL", "return 1", "-1"),
            words("EVAL", "return 1", "1"), words("EVAL", "return 1", "9223372036854775808"),
            words("EVALSHA", "NotValid", "0"), words("EVALSHA", "ffd632c7d33e571e9f24556ebed26c3479a87130", "0"),
            words("EVALSHA", "NotValid", "x"), words("EVALSHA", "ffd632c7d33e571e9f24556ebed26c3479a87130", "x"),
            words("SCRIPT", "LOAD", "return 'loaded'"),
            words("EVALSHA", "b534286061d4b9e4026607613b95c06c06015ae8", "0"),
            words("EVALSHA", "B534286061D4B9E4026607613B95C06C06015AE8", "0"),
            words("EVALSHA_RO", "b534286061d4b9e4026607613b95c06c06015ae8", "0"),
            words("SCRIPT", "EXISTS", "b534286061d4b9e4026607613b95c06c06015ae8", "x",
                    "B534286061D4B9E4026607613B95C06C06015AE8"),
            words("SCRIPT", "LOAD", "return +"), words("SCRIPT", "LOAD"), words("SCRIPT", "EXISTS"),
            words("SCRIPT", "KILL"), words("SCRIPT", "NOPE"), words("SCRIPT"),
            words("SCRIPT", "FLUSH", "NOW"), words("SCRIPT", "FLUSH", "SYNC"), words("SCRIPT", "FLUSH", "ASYNC", "x"),
            words("EVALSHA", "b534286061d4b9e4026607613b95c06c06015ae8", "0"), words("SCRIPT", "FLUSH"),
            words("EVAL_RO", "return redis.call('GET', KEYS[1])", "1", "a"),
            words("EVAL_RO", "return redis.call('SET', KEYS[1], 1)", "1", "a"),
            words("EVAL_RO", "return redis.pcall('SET', KEYS[1], 1)", "1", "a"),
            words("EVAL", "#!lua\nreturn 1", "0"), words("EVAL", "#!lua", "0"),
            words("EVAL", "#!not-lua\nreturn 1", "0"),
            words("EVAL", "#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], 1)", "1", "a"),
            words("EVAL", "#!lua flags=no-writes\nreturn redis.call('GET', KEYS[1])", "1", "a"),
            words("EVAL", "#!lua flags=allow-oom,what?\nreturn 1", "0"),
            words("EVAL", "#!lua badger=data\nreturn 1", "0"),
            words("EVAL", "#!lua flags=\nerror('x')", "0"),
            words("EVAL", "#!lua flags=allow-oom,allow-stale,no-cluster,allow-cross-slot-keys\nreturn 2", "0"),
            words("EVAL_RO", "#!lua\nreturn 1", "0"), words("EVAL_RO", "#!lua flags=no-writes\nreturn 1", "0"),
            words("EVAL", "\n\nerror('third')", "0"), words("EVAL", "", "0"), words("EVAL", "return ARGV[1]", "0", ""),
            words("COMMAND", "GETKEYS", "EVAL", "x", "2", "a", "b", "c"),
            words("COMMAND", "GETKEYS", "EVALSHA_RO", "x", "1", "a"));

    private static String[] words(String... words) {
        return words;
    }

    @ParameterizedTest(name = "{0} shard(s), RESP{1}")
    @MethodSource("io.solaster.store.RedisComparison#shardsAndProtocols")
    void repliesAreRedis(int shards, String protocol) {
        List<String[]> commands = new ArrayList<>();
        (VALUES + ERRORS + COMMANDS + LIBRARIES).lines()
                .forEach(script -> commands.add(words("EVAL", script, "3", "k1{t}", "k2{t}", "k3{t}", "7", "b")));
        commands.addAll(OTHERS);
        redis.compare(shards, protocol, commands, true);
    }
}
