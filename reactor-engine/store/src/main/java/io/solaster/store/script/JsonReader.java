package io.solaster.store.script;

import java.util.Locale;

/** Makes values of Lua of JSON. On the owning shard. */
final class JsonReader {
    /** However deep the settings allow for. */
    private static final int DEEPEST = 1000;

    private enum Token {
        OBJECT("T_OBJ_BEGIN"), OBJECT_END("T_OBJ_END"), ARRAY("T_ARR_BEGIN"), ARRAY_END("T_ARR_END"), STRING(
                "T_STRING"), NUMBER("T_NUMBER"), BOOLEAN("T_BOOLEAN"), NULL("T_NULL"), COLON(
                        "T_COLON"), COMMA("T_COMMA"), END("T_END"), ERROR("");

        private final String label;

        Token(String label) {
            this.label = label;
        }
    }

    private final LuaState lua;
    private final JsonSettings settings;
    private final byte[] text;
    private int at;
    private int depth;
    private int tokenAt;
    private Token token = Token.END;
    private String error = "";
    private double number;
    private boolean truth;
    private byte[] string = new byte[0];
    private int stringLength;

    JsonReader(LuaState lua, JsonSettings settings, byte[] text) {
        this.lua = lua;
        this.settings = settings;
        this.text = text;
    }

    /** Pushes what the text says. */
    void read(long thread) {
        if (text.length >= 2 && (text[0] == 0 || text[1] == 0)) {
            throw new LuaArguments.Failure("JSON parser does not support UTF-16 or UTF-32");
        }
        next();
        value(thread);
        next();
        if (token != Token.END) {
            throw expected("the end");
        }
    }

    private LuaArguments.Failure expected(String what) {
        return new LuaArguments.Failure(
                "Expected " + what + " but found " + (token == Token.ERROR ? error : token.label)
                        + " at character " + (tokenAt + 1));
    }

    private void value(long thread) {
        LuaArguments.room(lua, 128L + stringLength);
        switch (token) {
            case STRING -> lua.push(thread, string, stringLength);
            case NUMBER -> Lua.push(thread, number);
            case BOOLEAN -> Lua.pushBoolean(thread, truth ? 1 : 0);
            case NULL -> Lua.pushPointer(thread, 0);
            case OBJECT -> object(thread);
            case ARRAY -> array(thread);
            default -> throw expected("value");
        }
    }

    private void descend(long thread) {
        depth++;
        if (depth > settings.decodeDepth || depth > DEEPEST || Lua.hasRoom(thread, 6) == 0) {
            throw new LuaArguments.Failure("Found too many nested data structures (" + depth + ") at character " + at);
        }
    }

    private void object(long thread) {
        descend(thread);
        Lua.newTable(thread, 0, 0);
        next();
        if (token != Token.OBJECT_END) {
            while (true) {
                if (token != Token.STRING) {
                    throw expected("object key string");
                }
                LuaArguments.room(lua, stringLength);
                lua.push(thread, string, stringLength);
                next();
                if (token != Token.COLON) {
                    throw expected("colon");
                }
                next();
                value(thread);
                Lua.rawSet(thread, -3);
                next();
                if (token == Token.OBJECT_END) {
                    break;
                }
                if (token != Token.COMMA) {
                    throw expected("comma or object end");
                }
                next();
            }
        }
        depth--;
    }

    private void array(long thread) {
        descend(thread);
        Lua.newTable(thread, 0, 0);
        next();
        if (token != Token.ARRAY_END) {
            for (int i = 1;; i++) {
                value(thread);
                Lua.rawSet(thread, -2, i);
                next();
                if (token == Token.ARRAY_END) {
                    break;
                }
                if (token != Token.COMMA) {
                    throw expected("comma or array end");
                }
                next();
            }
        }
        depth--;
    }

    // ---- tokens

    private int peek(int ahead) {
        return at + ahead < text.length ? text[at + ahead] & 0xff : 0;
    }

    private void fails(String why) {
        token = Token.ERROR;
        tokenAt = at;
        error = why;
    }

    private void next() {
        while (at < text.length && (peek(0) == ' ' || peek(0) == '\t' || peek(0) == '\n' || peek(0) == '\r')) {
            at++;
        }
        tokenAt = at;
        int c = peek(0);
        switch (c) {
            case 0 -> token = Token.END;
            case '{' -> single(Token.OBJECT);
            case '}' -> single(Token.OBJECT_END);
            case '[' -> single(Token.ARRAY);
            case ']' -> single(Token.ARRAY_END);
            case ',' -> single(Token.COMMA);
            case ':' -> single(Token.COLON);
            case '"' -> string();
            default -> {
                if (c == '-' || c >= '0' && c <= '9') {
                    if (!settings.decodeInvalid && isInvalidNumber()) {
                        fails("invalid number");
                    } else {
                        number();
                    }
                } else if (startsWith("true")) {
                    word(4, Token.BOOLEAN);
                    truth = true;
                } else if (startsWith("false")) {
                    word(5, Token.BOOLEAN);
                    truth = false;
                } else if (startsWith("null")) {
                    word(4, Token.NULL);
                } else if (settings.decodeInvalid && "+iInN".indexOf(c) >= 0 && isInvalidNumber()) {
                    number();
                } else {
                    fails("invalid token");
                }
            }
        }
    }

    private void single(Token found) {
        token = found;
        at++;
    }

    private void word(int length, Token found) {
        token = found;
        at += length;
    }

    private boolean startsWith(String word) {
        for (int i = 0; i < word.length(); i++) {
            if (peek(i) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** Whether it is a number to the C library, and none to JSON. */
    private boolean isInvalidNumber() {
        int c = peek(0);
        if (c == '+') {
            return true;
        }
        int sign = c == '-' ? 1 : 0;
        c = peek(sign);
        if (c == '0') {
            int second = peek(sign + 1);
            return (second | 0x20) == 'x' || second >= '0' && second <= '9';
        }
        return c > '9' && (is(sign, "inf") || is(sign, "nan"));
    }

    private boolean is(int ahead, String word) {
        for (int i = 0; i < word.length(); i++) {
            if ((peek(ahead + i) | 0x20) != word.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** As {@code strtod} reads it. */
    private void number() {
        int from = at;
        int end = at + (peek(0) == '-' || peek(0) == '+' ? 1 : 0);
        int sign = end - from;
        double value;
        if (is(sign, "inf")) {
            value = Double.POSITIVE_INFINITY;
            end += is(sign, "infinity") ? 8 : 3;
        } else if (is(sign, "nan")) {
            value = Double.NaN;
            end += 3;
        } else {
            boolean hexadecimal = peek(sign) == '0' && (peek(sign + 1) | 0x20) == 'x' && isDigit(peek(sign + 2), true);
            end = digits(hexadecimal ? end + 2 : end, hexadecimal);
            if (end == from + sign) {
                fails("invalid number");
                return;
            }
            String digits = new String(text, from + sign, end - from - sign,
                    java.nio.charset.StandardCharsets.ISO_8859_1);
            boolean power = hexadecimal && digits.toLowerCase(Locale.ROOT).indexOf('p') < 0;
            value = Double.parseDouble(power ? digits + "p0" : digits);
        }
        number = peek(0) == '-' ? -value : value;
        token = Token.NUMBER;
        at = end;
    }

    /** Where the digits end that begin somewhere, with a fraction and an exponent. */
    private int digits(int from, boolean hexadecimal) {
        int end = from;
        boolean any = false;
        while (end < text.length && isDigit(text[end], hexadecimal)) {
            end++;
            any = true;
        }
        if (end < text.length && text[end] == '.') {
            end++;
            while (end < text.length && isDigit(text[end], hexadecimal)) {
                end++;
                any = true;
            }
        }
        if (!any) {
            return from;
        }
        if (end < text.length && (text[end] | 0x20) == (hexadecimal ? 'p' : 'e')) {
            int exponent = end + 1;
            if (exponent < text.length && (text[exponent] == '-' || text[exponent] == '+')) {
                exponent++;
            }
            int last = exponent;
            while (last < text.length && isDigit(text[last], false)) {
                last++;
            }
            if (last > exponent) {
                end = last;
            }
        }
        return end;
    }

    private static boolean isDigit(int c, boolean hexadecimal) {
        int lower = c | 0x20;
        return c >= '0' && c <= '9' || hexadecimal && lower >= 'a' && lower <= 'f';
    }

    private void string() {
        at++;
        stringLength = 0;
        if (string.length < text.length - at) {
            string = new byte[Math.min(text.length, Math.max(64, text.length - at))];
        }
        while (true) {
            int c = peek(0);
            if (c == '"') {
                break;
            }
            if (c == 0) {
                fails("unexpected end of string");
                return;
            }
            if (c == '\\') {
                int escaped = peek(1);
                if (escaped == 'u') {
                    if (!unicode()) {
                        fails("invalid unicode escape code");
                        return;
                    }
                    continue;
                }
                c = unescaped(escaped);
                if (c == 0) {
                    fails("invalid escape code");
                    return;
                }
                at++;
            }
            string[stringLength++] = (byte) c;
            at++;
        }
        at++;
        token = Token.STRING;
    }

    private static int unescaped(int c) {
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 't' -> '\t';
            case 'n' -> '\n';
            case 'f' -> '\f';
            case 'r' -> '\r';
            default -> 0;
        };
    }

    private int hex(int ahead) {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = Character.digit(peek(ahead + i), 16);
            if (digit < 0) {
                return -1;
            }
            value = value << 4 | digit;
        }
        return value;
    }

    private boolean unicode() {
        int code = hex(2);
        if (code < 0) {
            return false;
        }
        int length = 6;
        if ((code & 0xF800) == 0xD800) {
            int low = (code & 0x400) == 0 && peek(6) == '\\' && peek(7) == 'u' ? hex(8) : -1;
            if (low < 0 || (low & 0xFC00) != 0xDC00) {
                return false;
            }
            code = ((code & 0x3FF) << 10 | low & 0x3FF) + 0x10000;
            length = 12;
        }
        if (code <= 0x7F) {
            put(code);
        } else if (code <= 0x7FF) {
            put(code >> 6 | 0xC0);
            put(code & 0x3F | 0x80);
        } else if (code <= 0xFFFF) {
            put(code >> 12 | 0xE0);
            put(code >> 6 & 0x3F | 0x80);
            put(code & 0x3F | 0x80);
        } else {
            put(code >> 18 | 0xF0);
            put(code >> 12 & 0x3F | 0x80);
            put(code >> 6 & 0x3F | 0x80);
            put(code & 0x3F | 0x80);
        }
        at += length;
        return true;
    }

    private void put(int b) {
        string[stringLength++] = (byte) b;
    }
}
