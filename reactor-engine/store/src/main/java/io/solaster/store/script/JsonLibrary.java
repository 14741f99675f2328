package io.solaster.store.script;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.function.IntSupplier;

/** The library {@code cjson}. On the owning shard. */
final class JsonLibrary {
    private static final List<String> SWITCH = List.of("off", "on");
    private static final List<String> SWITCH_OR_NULL = List.of("off", "on", "null");

    private final LuaState[] lua;
    private final JsonSettings settings = new JsonSettings();

    JsonLibrary(LuaState[] lua) {
        this.lua = lua;
    }

    Map<String, LuaState.Function> functions() {
        Map<String, LuaState.Function> functions = new HashMap<>();
        functions.put("encode", this::encode);
        functions.put("decode", this::decode);
        functions.put("encode_max_depth", thread -> number(thread, "encode_max_depth", 1, Integer.MAX_VALUE,
                () -> settings.encodeDepth, value -> settings.encodeDepth = value));
        functions.put("decode_max_depth", thread -> number(thread, "decode_max_depth", 1, Integer.MAX_VALUE,
                () -> settings.decodeDepth, value -> settings.decodeDepth = value));
        functions.put("encode_number_precision", thread -> number(thread, "encode_number_precision", 1, 14,
                () -> settings.precision, value -> settings.precision = value));
        functions.put("encode_keep_buffer", thread -> word(thread, 1, 1, "encode_keep_buffer", SWITCH,
                () -> settings.keepBuffer ? 1 : 0, value -> settings.keepBuffer = value == 1));
        functions.put("encode_invalid_numbers", thread -> word(thread, 1, 1, "encode_invalid_numbers", SWITCH_OR_NULL,
                () -> settings.encodeInvalid, value -> settings.encodeInvalid = value));
        functions.put("decode_invalid_numbers", thread -> word(thread, 1, 1, "decode_invalid_numbers", SWITCH,
                () -> settings.decodeInvalid ? 1 : 0, value -> settings.decodeInvalid = value == 1));
        functions.put("encode_sparse_array", this::sparseArray);
        return functions;
    }

    private static void one(long thread, String function) {
        if (Lua.top(thread) != 1) {
            throw LuaArguments.bad(1, function, "expected 1 argument");
        }
    }

    private int encode(long thread) {
        one(thread, "encode");
        GrowingBytes text = new JsonWriter(lua[0], settings).write(thread);
        LuaArguments.room(lua[0], text.length());
        lua[0].push(thread, text.bytes(), text.length());
        return 1;
    }

    private int decode(long thread) {
        one(thread, "decode");
        new JsonReader(lua[0], settings, LuaArguments.bytes(lua[0], thread, 1, "decode")).read(thread);
        return 1;
    }

    private static void atMost(long thread, int arguments, String function) {
        if (Lua.top(thread) > arguments) {
            throw LuaArguments.bad(arguments + 1, function, "found too many arguments");
        }
        Lua.top(thread, arguments);
    }

    private static int number(long thread, String function, int least, int most, IntSupplier get, IntConsumer set) {
        atMost(thread, 1, function);
        return number(thread, 1, function, least, most, get, set);
    }

    private static int number(long thread, int argument, String function, int least, int most, IntSupplier get,
            IntConsumer set) {
        if (Lua.type(thread, argument) != Lua.NIL) {
            int value = (int) LuaNumbers.whole(LuaArguments.number(thread, argument, function));
            if (value < least || value > most) {
                throw LuaArguments.bad(1, function, "expected integer between " + least + " and " + most);
            }
            set.accept(value);
        }
        Lua.push(thread, get.getAsInt());
        return 1;
    }

    private int word(long thread, int argument, int arguments, String function, List<String> words, IntSupplier get,
            IntConsumer set) {
        atMost(thread, arguments, function);
        int type = Lua.type(thread, argument);
        if (type == Lua.BOOLEAN) {
            set.accept(Lua.bool(thread, argument));
        } else if (type != Lua.NIL) {
            String text = new String(LuaArguments.bytes(lua[0], thread, argument, function),
                    java.nio.charset.StandardCharsets.ISO_8859_1);
            int word = words.indexOf(text);
            if (word < 0) {
                throw LuaArguments.bad(argument, function, "invalid option '" + text + "'");
            }
            set.accept(word);
        }
        if (get.getAsInt() > 1) {
            lua[0].push(thread, words.get(get.getAsInt()));
        } else {
            Lua.pushBoolean(thread, get.getAsInt());
        }
        return 1;
    }

    private int sparseArray(long thread) {
        atMost(thread, 3, "encode_sparse_array");
        int ignored = word(thread, 1, 3, "encode_sparse_array", SWITCH, () -> settings.sparseConvert ? 1 : 0,
                value -> settings.sparseConvert = value == 1);
        Lua.insert(thread, 1);
        ignored = number(thread, 3, "encode_sparse_array", 0, Integer.MAX_VALUE, () -> settings.sparseRatio,
                value -> settings.sparseRatio = value);
        Lua.insert(thread, 2);
        ignored = number(thread, 5, "encode_sparse_array", 0, Integer.MAX_VALUE, () -> settings.sparseSafe,
                value -> settings.sparseSafe = value);
        Lua.insert(thread, 3);
        Lua.top(thread, 3);
        return 3;
    }
}
