package io.solaster.store.script;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.function.IntUnaryOperator;

/** The library {@code bit}: whole numbers of 32 bits. On the owning shard. */
final class BitLibrary {
    /** Added to a number, it leaves its lowest 32 bits lowest. */
    private static final double SHIFT = 6755399441055744.0;
    private static final int HEX_DIGITS = 8;

    private BitLibrary() {}

    static Map<String, LuaState.Function> functions(LuaState[] lua) {
        Map<String, LuaState.Function> functions = new HashMap<>();
        one(functions, "tobit", bits -> bits);
        one(functions, "bnot", bits -> ~bits);
        one(functions, "bswap", Integer::reverseBytes);
        all(functions, "band", (a, b) -> a & b);
        all(functions, "bor", (a, b) -> a | b);
        all(functions, "bxor", (a, b) -> a ^ b);
        two(functions, "lshift", (bits, n) -> bits << n);
        two(functions, "rshift", (bits, n) -> bits >>> n);
        two(functions, "arshift", (bits, n) -> bits >> n);
        two(functions, "rol", Integer::rotateLeft);
        two(functions, "ror", Integer::rotateRight);
        functions.put("tohex", thread -> hex(lua[0], thread));
        return functions;
    }

    private static int bits(long thread, int argument, String function) {
        return (int) Double.doubleToRawLongBits(LuaArguments.number(thread, argument, function) + SHIFT);
    }

    private static void one(Map<String, LuaState.Function> functions, String name, IntUnaryOperator operator) {
        functions.put(name, thread -> {
            Lua.push(thread, operator.applyAsInt(bits(thread, 1, name)));
            return 1;
        });
    }

    private static void two(Map<String, LuaState.Function> functions, String name, IntBinaryOperator operator) {
        functions.put(name, thread -> {
            Lua.push(thread, operator.applyAsInt(bits(thread, 1, name), bits(thread, 2, name) & 31));
            return 1;
        });
    }

    private static void all(Map<String, LuaState.Function> functions, String name, IntBinaryOperator operator) {
        functions.put(name, thread -> {
            int result = bits(thread, 1, name);
            for (int i = 2; i <= Lua.top(thread); i++) {
                result = operator.applyAsInt(result, bits(thread, i, name));
            }
            Lua.push(thread, result);
            return 1;
        });
    }

    private static int hex(LuaState lua, long thread) {
        int bits = bits(thread, 1, "tohex");
        int digits = Lua.type(thread, 2) <= Lua.NIL ? HEX_DIGITS : bits(thread, 2, "tohex");
        String text = String.format(Locale.ROOT, digits < 0 ? "%08X" : "%08x", bits);
        int count = digits == Integer.MIN_VALUE ? HEX_DIGITS : Math.min(Math.abs(digits), HEX_DIGITS);
        lua.push(thread, text.substring(HEX_DIGITS - count));
        return 1;
    }
}
