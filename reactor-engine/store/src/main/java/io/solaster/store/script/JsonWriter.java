package io.solaster.store.script;

/** Writes values of Lua as JSON. On the owning shard. */
final class JsonWriter {
    private static final String HEX = "0123456789abcdef";
    /** However deep the settings allow for: what goes deeper does not fit the thread's stack. */
    private static final int DEEPEST = 1000;

    private final LuaState lua;
    private final JsonSettings settings;
    private final GrowingBytes out = new GrowingBytes(ShardScripts.MEMORY / 2);

    JsonWriter(LuaState lua, JsonSettings settings) {
        this.lua = lua;
        this.settings = settings;
    }

    /** Writes the value on top, and takes it away. */
    GrowingBytes write(long thread) {
        value(thread, 0);
        return out;
    }

    private void value(long thread, int depth) {
        out.value();
        switch (Lua.type(thread, -1)) {
            case Lua.STRING -> string(lua.bytes(thread, -1));
            case Lua.NUMBER -> number(thread);
            case Lua.BOOLEAN -> out.add(Lua.bool(thread, -1) != 0 ? "true" : "false");
            case Lua.TABLE -> table(thread, depth + 1);
            case Lua.NIL -> out.add("null");
            case Lua.POINTER -> {
                if (Lua.pointer(thread, -1) != 0) {
                    throw fails(thread, -1, "type not supported");
                }
                out.add("null");
            }
            default -> throw fails(thread, -1, "type not supported");
        }
        Lua.pop(thread, 1);
    }

    private static LuaArguments.Failure fails(long thread, int index, String why) {
        return new LuaArguments.Failure("Cannot serialise " + LuaArguments.typeName(thread, index) + ": " + why);
    }

    private void table(long thread, int depth) {
        if (depth > settings.encodeDepth || depth > DEEPEST || Lua.hasRoom(thread, 6) == 0) {
            throw new LuaArguments.Failure("Cannot serialise, excessive nesting (" + depth + ")");
        }
        int length = length(thread);
        if (length > 0) {
            out.add('[');
            for (int i = 1; i <= length; i++) {
                if (i > 1) {
                    out.add(',');
                }
                Lua.rawGet(thread, -1, i);
                value(thread, depth);
            }
            out.add(']');
        } else {
            object(thread, depth);
        }
    }

    /** How many elements an array has; below 1 for what is no array. */
    private int length(long thread) {
        double highest = 0;
        long items = 0;
        Lua.pushNil(thread);
        while (Lua.next(thread, -2) != 0) {
            double key = Lua.type(thread, -2) == Lua.NUMBER ? Lua.number(thread, -2) : 0;
            if (key < 1 || Math.floor(key) != key || key > Integer.MAX_VALUE) {
                Lua.pop(thread, 2);
                return -1;
            }
            highest = Math.max(highest, key);
            items++;
            Lua.pop(thread, 1);
        }
        if (settings.sparseRatio > 0 && highest > (double) items * settings.sparseRatio
                && highest > settings.sparseSafe) {
            if (!settings.sparseConvert) {
                throw fails(thread, -1, "excessively sparse array");
            }
            return -1;
        }
        return (int) highest;
    }

    private void object(long thread, int depth) {
        out.add('{');
        boolean first = true;
        Lua.pushNil(thread);
        while (Lua.next(thread, -2) != 0) {
            if (!first) {
                out.add(',');
            }
            first = false;
            int type = Lua.type(thread, -2);
            if (type == Lua.NUMBER) {
                out.add('"');
                number(thread, -2);
                out.add("\":");
            } else if (type == Lua.STRING) {
                string(lua.bytes(thread, -2));
                out.add(':');
            } else {
                throw fails(thread, -2, "table key must be a number or string");
            }
            value(thread, depth);
        }
        out.add('}');
    }

    private void number(long thread) {
        number(thread, -1);
    }

    private void number(long thread, int index) {
        double value = Lua.number(thread, index);
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            if (settings.encodeInvalid == JsonSettings.OFF) {
                throw fails(thread, index, "must not be NaN or Inf");
            }
            if (settings.encodeInvalid == JsonSettings.AS_NULL) {
                out.add("null");
                return;
            }
            if (Double.isNaN(value)) {
                out.add("nan");
                return;
            }
        }
        out.add(LuaNumbers.text(value, settings.precision));
    }

    private void string(byte[] bytes) {
        out.add('"');
        for (byte b : bytes) {
            switch (b) {
                case '"' -> out.add("\\\"");
                case '\\' -> out.add("\\\\");
                case '/' -> out.add("\\/");
                case '\b' -> out.add("\\b");
                case '\t' -> out.add("\\t");
                case '\n' -> out.add("\\n");
                case '\f' -> out.add("\\f");
                case '\r' -> out.add("\\r");
                default -> {
                    if (b >= 0 && b < 32 || b == 127) {
                        out.add("\\u00");
                        out.add(HEX.charAt(b >> 4));
                        out.add(HEX.charAt(b & 15));
                    } else {
                        out.add(b);
                    }
                }
            }
        }
        out.add('"');
    }
}
