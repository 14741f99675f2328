package io.solaster.store.script;

import java.util.Map;

/** The library {@code struct}: values as the bytes of structures in C. On the owning shard. */
final class StructLibrary {
    private static final int LARGEST_INTEGER = 32;
    private static final int LARGEST_ALIGNMENT = 8;
    private static final String PACK = "pack";
    private static final String UNPACK = "unpack";

    private final LuaState[] lua;

    StructLibrary(LuaState[] lua) {
        this.lua = lua;
    }

    Map<String, LuaState.Function> functions() {
        return Map.of(PACK, this::pack, UNPACK, this::unpack, "size", this::size);
    }

    /** A format, option by option. */
    private static final class Format {
        private final byte[] text;
        private final String function;
        private int at;
        private boolean little = true;
        private int alignment = 1;

        Format(byte[] text, String function) {
            this.text = text;
            this.function = function;
        }

        boolean hasMore() {
            return at < text.length && text[at] != 0;
        }

        char next() {
            return (char) (text[at++] & 0xff);
        }

        private boolean isDigit() {
            return at < text.length && text[at] >= '0' && text[at] <= '9';
        }

        private int number(int otherwise) {
            if (!isDigit()) {
                return otherwise;
            }
            long value = 0;
            while (isDigit()) {
                value = value * 10 + text[at++] - '0';
                if (value > Integer.MAX_VALUE) {
                    throw new LuaArguments.Failure("integral size overflow");
                }
            }
            return (int) value;
        }

        int size(char option) {
            return switch (option) {
                case 'B', 'b', 'x' -> 1;
                case 'H', 'h' -> 2;
                case 'L', 'l', 'T', 'd' -> 8;
                case 'f' -> 4;
                case 'c' -> number(1);
                case 'i', 'I' -> {
                    int size = number(4);
                    if (size > LARGEST_INTEGER) {
                        throw new LuaArguments.Failure("integral size " + size + " is larger than limit of "
                                + LARGEST_INTEGER);
                    }
                    yield size;
                }
                default -> 0;
            };
        }

        int padding(long position, char option, int size) {
            if (size == 0 || option == 'c') {
                return 0;
            }
            int to = Math.min(size, alignment);
            return (int) (to - (position & to - 1) & to - 1);
        }

        void control(char option) {
            switch (option) {
                case ' ' -> {
                }
                case '>' -> little = false;
                case '<' -> little = true;
                case '!' -> {
                    int asked = number(LARGEST_ALIGNMENT);
                    if (asked <= 0 || (asked & asked - 1) != 0) {
                        throw new LuaArguments.Failure("alignment " + asked + " is not a power of 2");
                    }
                    alignment = asked;
                }
                default -> throw LuaArguments.bad(1, function, "invalid format option '" + option + "'");
            }
        }

        boolean isInteger(char option) {
            return "bBhHlLTiI".indexOf(option) >= 0;
        }
    }

    private int pack(long thread) {
        Format format = new Format(LuaArguments.bytes(lua[0], thread, 1, PACK), PACK);
        GrowingBytes out = new GrowingBytes(ShardScripts.MEMORY / 2);
        int argument = 2;
        while (format.hasMore()) {
            char option = format.next();
            int size = format.size(option);
            for (int padding = format.padding(out.length(), option, size); padding > 0; padding--) {
                out.add(0);
            }
            if (format.isInteger(option)) {
                integer(out, LuaArguments.number(thread, argument++, PACK), size, format.little);
                continue;
            }
            switch (option) {
                case 'x' -> out.add(0);
                case 'f' -> integer(out, Float.floatToRawIntBits((float) LuaArguments.number(thread, argument++, PACK)),
                        size, format.little);
                case 'd' ->
                    integer(out, Double.doubleToRawLongBits(LuaArguments.number(thread, argument++, PACK)), size,
                            format.little);
                case 'c', 's' -> {
                    byte[] text = LuaArguments.bytes(lua[0], thread, argument++, PACK);
                    int count = size == 0 ? text.length : size;
                    if (text.length < count) {
                        throw LuaArguments.bad(argument, PACK, "string too short");
                    }
                    out.add(text, 0, count);
                    if (option == 's') {
                        out.add(0);
                    }
                }
                default -> format.control(option);
            }
        }
        lua[0].push(thread, out.bytes(), out.length());
        return 1;
    }

    private static void integer(GrowingBytes out, double number, int size, boolean little) {
        // As C turns a double into a word without a sign, whatever the sign.
        long value = number >= 0x1p63 && number < 0x1p64
                ? (long) (number - 0x1p63) + Long.MIN_VALUE
                : LuaNumbers.whole(number);
        integer(out, value, size, little);
    }

    private static void integer(GrowingBytes out, long value, int size, boolean little) {
        for (int i = 0; i < size; i++) {
            int place = little ? i : size - 1 - i;
            out.add(place < Long.BYTES ? (int) (value >>> 8 * place) : 0);
        }
    }

    private int unpack(long thread) {
        Format format = new Format(LuaArguments.bytes(lua[0], thread, 1, UNPACK), UNPACK);
        byte[] data = LuaArguments.bytes(lua[0], thread, 2, UNPACK);
        long position = LuaArguments.integer(thread, 3, UNPACK, 1);
        if (position <= 0) {
            throw LuaArguments.bad(3, UNPACK, "offset must be 1 or greater");
        }
        position--;
        Lua.top(thread, 0);
        int results = 0;
        while (format.hasMore()) {
            char option = format.next();
            int size = format.size(option);
            position += format.padding(position, option, size);
            check(data, position, size);
            if (Lua.hasRoom(thread, 2) == 0) {
                throw new LuaArguments.Failure("stack overflow (too many results)");
            }
            int at = (int) position;
            if (format.isInteger(option)) {
                Lua.push(thread, integer(data, at, size, format.little, Character.isLowerCase(option)));
                results++;
            } else {
                switch (option) {
                    case 'x' -> {
                    }
                    case 'f' -> {
                        Lua.push(thread, Float.intBitsToFloat((int) word(data, at, size, format.little)));
                        results++;
                    }
                    case 'd' -> {
                        Lua.push(thread, Double.longBitsToDouble(word(data, at, size, format.little)));
                        results++;
                    }
                    case 'c' -> {
                        if (size == 0) {
                            if (results == 0 || Lua.type(thread, -1) != Lua.NUMBER) {
                                throw new LuaArguments.Failure("format 'c0' needs a previous size");
                            }
                            long asked = LuaNumbers.whole(Lua.number(thread, -1));
                            Lua.pop(thread, 1);
                            results--;
                            check(data, position, asked);
                            size = (int) asked;
                        }
                        push(thread, data, at, size);
                        results++;
                    }
                    case 's' -> {
                        int end = at;
                        while (end < data.length && data[end] != 0) {
                            end++;
                        }
                        if (end == data.length) {
                            throw new LuaArguments.Failure("unfinished string in data");
                        }
                        push(thread, data, at, end - at);
                        size = end - at + 1;
                        results++;
                    }
                    default -> format.control(option);
                }
            }
            position += size;
        }
        Lua.push(thread, position + 1);
        return results + 1;
    }

    private static void check(byte[] data, long position, long size) {
        if (size < 0 || size > data.length || position > data.length - size) {
            throw LuaArguments.bad(2, UNPACK, "data string too short");
        }
    }

    private void push(long thread, byte[] data, int from, int count) {
        LuaArguments.room(lua[0], count);
        byte[] part = java.util.Arrays.copyOfRange(data, from, from + count);
        lua[0].push(thread, part, count);
    }

    private static long word(byte[] data, int at, int size, boolean little) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value = value << 8 | data[little ? at + size - 1 - i : at + i] & 0xff;
        }
        return value;
    }

    private static double integer(byte[] data, int at, int size, boolean little, boolean signed) {
        long value = word(data, at, size, little);
        if (signed) {
            return size >= Long.BYTES || size == 0 ? value : value << 64 - 8 * size >> 64 - 8 * size;
        }
        return value >= 0 ? value : (value >>> 1 | value & 1) * 2.0;
    }

    private int size(long thread) {
        Format format = new Format(LuaArguments.bytes(lua[0], thread, 1, "size"), "size");
        long position = 0;
        while (format.hasMore()) {
            char option = format.next();
            int size = format.size(option);
            position += format.padding(position, option, size);
            if (option == 's') {
                throw LuaArguments.bad(1, "size", "option 's' has no fixed size");
            }
            if (option == 'c' && size == 0) {
                throw LuaArguments.bad(1, "size", "option 'c0' has no fixed size");
            }
            if (!Character.isLetterOrDigit(option)) {
                format.control(option);
            }
            position += size;
        }
        Lua.push(thread, position);
        return 1;
    }
}
