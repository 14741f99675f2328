package io.solaster.http.wire;

import java.util.Arrays;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/** The headers of a response, few and in their order. On the owning shard, and used again for another response. */
public final class HeaderList {
    private static final int FEW = 8;
    private static final String KEEP_ALIVE = "keep-alive";
    private static final String PROXY_CONNECTION = "proxy-connection";

    /** Headers that are the server's own matter. */
    public enum Own {
        NONE, DATE, SERVER, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING,
        /** Of HTTP/1's connections; HTTP/2 has no place for it. */
        HOP_BY_HOP
    }

    private CharSequence[] names = HeadMemory.NO_TEXT;
    private CharSequence[] values = HeadMemory.NO_TEXT;
    private int count;
    private int length;

    /** What they were is left where it was: see {@link #add}. */
    public void clear() {
        count = 0;
        length = 0;
    }

    public void take(HeadMemory memory) {
        names = memory.names;
        values = memory.values;
    }

    /** From here on it is empty. */
    public void give(HeadMemory memory) {
        clear();
        memory.names = names;
        memory.values = values;
        names = HeadMemory.NO_TEXT;
        values = HeadMemory.NO_TEXT;
    }

    public int count() {
        return count;
    }

    public CharSequence name(int i) {
        return names[i];
    }

    public CharSequence value(int i) {
        return values[i];
    }

    /** Bytes of all, with what stands between and behind them. */
    public int length() {
        return length;
    }

    public void set(CharSequence name, CharSequence value) {
        int at = find(name);
        if (at < 0) {
            add(name, value);
            return;
        }
        check(name, value);
        length += value.length() - values[at].length();
        values[at] = lasting(value);
        int kept = at + 1;
        for (int i = kept; i < count; i++) {
            if (same(names[i], name)) {
                length -= names[i].length() + values[i].length() + 4;
            } else {
                names[kept] = names[i];
                values[kept++] = values[i];
            }
        }
        count = kept;
    }

    @SuppressWarnings("ReferenceEquality") // the very same needs no second look
    public void add(CharSequence name, CharSequence value) {
        if (count == names.length) {
            int room = Math.max(FEW, 2 * count);
            names = Arrays.copyOf(names, room);
            values = Arrays.copyOf(values, room);
        }
        // Constants mostly come again, in the same place; what is the very same was looked at then.
        if (names[count] != name || values[count] != value) {
            check(name, value);
        }
        names[count] = lasting(name);
        values[count++] = lasting(value);
        length += name.length() + value.length() + 4;
    }

    @Nullable
    public CharSequence get(CharSequence name) {
        int at = find(name);
        return at < 0 ? null : values[at];
    }

    public boolean contains(CharSequence name) {
        return find(name) >= 0;
    }

    private int find(CharSequence name) {
        for (int i = 0; i < count; i++) {
            if (same(names[i], name)) {
                return i;
            }
        }
        return -1;
    }

    /** Which of the server's own a header is. */
    public static Own own(CharSequence name) {
        return switch (name.length()) {
            case 4 -> same(name, HttpHeaderNames.DATE) ? Own.DATE : Own.NONE;
            case 6 -> same(name, HttpHeaderNames.SERVER) ? Own.SERVER : Own.NONE;
            case 7 -> same(name, HttpHeaderNames.UPGRADE) ? Own.HOP_BY_HOP : Own.NONE;
            case 10 -> same(name, HttpHeaderNames.CONNECTION)
                    ? Own.CONNECTION
                    : same(name, KEEP_ALIVE) ? Own.HOP_BY_HOP : Own.NONE;
            case 14 -> same(name, HttpHeaderNames.CONTENT_LENGTH) ? Own.CONTENT_LENGTH : Own.NONE;
            case 16 -> same(name, PROXY_CONNECTION) ? Own.HOP_BY_HOP : Own.NONE;
            case 17 -> same(name, HttpHeaderNames.TRANSFER_ENCODING) ? Own.TRANSFER_ENCODING : Own.NONE;
            default -> Own.NONE;
        };
    }

    /** Without regard to case. */
    public static boolean same(CharSequence a, CharSequence b) {
        return a.length() == b.length() && AsciiString.contentEqualsIgnoreCase(a, b);
    }

    /** What the caller may change is copied. */
    private static CharSequence lasting(CharSequence text) {
        return text instanceof String || text instanceof AsciiString ? text : text.toString();
    }

    private static void check(CharSequence name, CharSequence value) {
        int size = name.length();
        for (int i = 0; i < size; i++) {
            if (!Ascii.isToken(name.charAt(i))) {
                throw new IllegalArgumentException("header '" + escaped(name)
                        + "': a name is of letters, digits and !#$%&'*+-.^_`|~ only");
            }
        }
        if (size == 0) {
            throw new IllegalArgumentException("a header without a name");
        }
        size = value.length();
        for (int i = 0; i < size; i++) {
            char c = value.charAt(i);
            if (c < 0x20 && c != '\t' || c == 0x7F || c > 0xFF) {
                throw new IllegalArgumentException("header '" + name + "': '" + escaped(value)
                        + "' holds a control character or one beyond Latin-1; encode it");
            }
        }
    }

    private static String escaped(CharSequence text) {
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c == 0x7F) {
                shown.append(String.format("\\u%04x", (int) c));
            } else {
                shown.append(c);
            }
        }
        return shown.toString();
    }
}
