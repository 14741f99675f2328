package io.solaster.store.script;

import java.util.Map;

/** Functions that take the places of Lua's own: bounded, or the same on every system. On the owning shard. */
final class OwnLibrary {
    /** As many values as a function may have on its stack. */
    private static final int MOST_RESULTS = 8000;
    private static final double RANDOM_LIMIT = Integer.MAX_VALUE;
    private static final long RANDOM_MASK = (1L << 48) - 1;

    private final LuaState[] lua;
    private long random = 0x1234ABCD330EL;

    /** @param lua the state that the functions run in, once it is there */
    OwnLibrary(LuaState[] lua) {
        this.lua = lua;
    }

    Map<String, LuaState.Function> functions() {
        return Map.of("rep", this::repeat, "unpack", OwnLibrary::unpack);
    }

    Map<String, LuaState.Function> maths() {
        return Map.of("random", this::random, "randomseed", this::seed);
    }

    /** The generator of {@code lrand48}, so that a seed makes the numbers that it makes in Redis. */
    private int random(long thread) {
        random = random * 0x5DEECE66DL + 0xB & RANDOM_MASK;
        double r = (random >>> 17) % RANDOM_LIMIT / RANDOM_LIMIT;
        switch (Lua.top(thread)) {
            case 0 -> Lua.push(thread, r);
            case 1 -> {
                int most = (int) LuaNumbers.whole(LuaArguments.number(thread, 1, "random"));
                if (most < 1) {
                    throw LuaArguments.bad(1, "random", "interval is empty");
                }
                Lua.push(thread, Math.floor(r * most) + 1);
            }
            case 2 -> {
                int least = (int) LuaNumbers.whole(LuaArguments.number(thread, 1, "random"));
                int most = (int) LuaNumbers.whole(LuaArguments.number(thread, 2, "random"));
                if (least > most) {
                    throw LuaArguments.bad(2, "random", "interval is empty");
                }
                Lua.push(thread, Math.floor(r * (most - least + 1)) + least);
            }
            default -> throw new LuaArguments.Failure("wrong number of arguments");
        }
        return 1;
    }

    /** As Lua's own, but it ends at once where the result would be too long, or is nothing. */
    private int repeat(long thread) {
        byte[] text = LuaArguments.bytes(lua[0], thread, 1, "rep");
        double asked = LuaArguments.number(thread, 2, "rep");
        if (asked * text.length > (double) ShardScripts.MEMORY / 2) {
            throw new LuaArguments.Failure("not enough memory");
        }
        int count = text.length == 0 ? 0 : (int) Math.max(0, asked);
        LuaArguments.room(lua[0], 2L * count * text.length);
        byte[] result = new byte[count * text.length];
        for (int i = 0; i < count; i++) {
            System.arraycopy(text, 0, result, i * text.length, text.length);
        }
        lua[0].push(thread, result, result.length);
        return 1;
    }

    /** As Lua's own, but for numbers that make it wrap around. */
    private static int unpack(long thread) {
        if (Lua.type(thread, 1) != Lua.TABLE) {
            throw LuaArguments.bad(1, "unpack", "table expected, got " + LuaArguments.typeName(thread, 1));
        }
        long from = LuaArguments.integer(thread, 2, "unpack", 1);
        long to = LuaArguments.integer(thread, 3, "unpack", Lua.length(thread, 1));
        Lua.top(thread, 1);
        if (from > to) {
            return 0;
        }
        long count = to - from + 1;
        if (count <= 0 || count > MOST_RESULTS || Lua.hasRoom(thread, (int) count) == 0) {
            throw new LuaArguments.Failure("too many results to unpack");
        }
        for (long i = from; i <= to; i++) {
            Lua.rawGet(thread, 1, (int) i);
        }
        return (int) count;
    }

    private int seed(long thread) {
        long seed = LuaNumbers.whole(LuaArguments.number(thread, 1, "randomseed"));
        random = (seed & 0xffffffffL) << 16 | 0x330E;
        return 0;
    }
}
