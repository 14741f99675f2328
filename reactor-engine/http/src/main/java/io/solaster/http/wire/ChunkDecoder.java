package io.solaster.http.wire;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.solaster.engine.memory.Memory;

/**
 * Reads what stands between the data of a chunked body: sizes, extensions, line ends and trailers, byte by byte, as
 * strictly as RFC 9112 allows. On the owning shard.
 */
public final class ChunkDecoder {
    private static final int MAX_DIGITS = 15;
    /** Of one chunk, and of all chunks together: nobody uses them but to make us work. */
    private static final int MAX_EXTENSION = 256;
    private static final int MAX_EXTENSIONS = 16 << 10;

    private enum State {
        SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, LINE, NAME, VALUE, LINE_LF, END_LF, DONE, FAILED
    }

    /** Where in a chunk's extensions it is: {@code ;name=value}, or a value in quotes, of ASCII only. */
    private enum Extension {
        BEFORE_NAME(false), NAME(true), BEHIND_NAME(true), BEFORE_VALUE(false), VALUE(true), QUOTED(false), ESCAPED(
                false), BEHIND_VALUE(true), WRONG(false);

        final boolean mayEnd;

        Extension(boolean mayEnd) {
            this.mayEnd = mayEnd;
        }

        Extension next(byte b) {
            boolean blank = b == ' ' || b == '\t';
            return switch (this) {
                case BEFORE_NAME -> blank ? this : Ascii.isToken(b) ? NAME : WRONG;
                case NAME -> Ascii.isToken(b) ? this : BEHIND_NAME.next(b);
                case BEHIND_NAME -> blank ? BEHIND_NAME : b == '=' ? BEFORE_VALUE : b == ';' ? BEFORE_NAME : WRONG;
                case BEFORE_VALUE -> blank ? this : b == '"' ? QUOTED : Ascii.isToken(b) ? VALUE : WRONG;
                case VALUE -> Ascii.isToken(b) ? this : BEHIND_VALUE.next(b);
                case QUOTED -> b == '"' ? BEHIND_VALUE : b == '\\' ? ESCAPED : isText(b) ? this : WRONG;
                case ESCAPED -> isText(b) ? QUOTED : WRONG;
                case BEHIND_VALUE -> blank ? BEHIND_VALUE : b == ';' ? BEFORE_NAME : WRONG;
                case WRONG -> WRONG;
            };
        }

        private static boolean isText(byte b) {
            return b >= ' ' && b < 0x7F || b == '\t';
        }
    }

    private final HttpLimits limits;
    private State state = State.SIZE;
    private int digits;
    private long left;
    private Extension part = Extension.BEFORE_NAME;
    private int extension;
    private int extensions;

    private int trailerBytes;
    private int trailerCount;
    private final StringBuilder text = new StringBuilder(0);
    private String name = "";
    private HttpHeaders trailers = EmptyHttpHeaders.INSTANCE;
    private String message = "";

    public ChunkDecoder(HttpLimits limits) {
        this.limits = limits;
    }

    /** Reads on up to data or the end; returns how many bytes it has read. */
    public int decode(long address, int length) {
        int at = 0;
        while (at < length && state != State.DATA && state != State.DONE && state != State.FAILED) {
            step(Memory.getByte(address + at));
            at++;
        }
        return at;
    }

    /** Bytes of data that come next; 0 where none do. */
    public long data() {
        return state == State.DATA ? left : 0;
    }

    /** So many of them were read. */
    public void took(int bytes) {
        left -= bytes;
        if (left == 0) {
            state = State.DATA_CR;
        }
    }

    public boolean isDone() {
        return state == State.DONE;
    }

    public boolean isFailed() {
        return state == State.FAILED;
    }

    /** What was wrong. */
    public String message() {
        return message;
    }

    /** What came behind the last chunk. */
    public HttpHeaders trailers() {
        return trailers;
    }

    private void step(byte b) {
        switch (state) {
            case SIZE -> size(b);
            case EXTENSION -> extension(b);
            case SIZE_LF -> expect(b, '\n', left > 0 ? State.DATA : State.LINE);
            case DATA_CR -> expect(b, '\r', State.DATA_LF);
            case DATA_LF -> {
                digits = 0;
                extension = 0;
                expect(b, '\n', State.SIZE);
            }
            case LINE -> line(b);
            case NAME -> name(b);
            case VALUE -> value(b);
            case LINE_LF -> expect(b, '\n', State.LINE);
            case END_LF -> expect(b, '\n', State.DONE);
            case DATA, DONE, FAILED -> throw new IllegalStateException(state.name());
        }
    }

    private void expect(byte b, char wanted, State next) {
        if (b == wanted) {
            state = next;
        } else {
            fail("a chunk that does not end where it should");
        }
    }

    private void size(byte b) {
        int digit = b < 0 ? -1 : Character.digit(b, 16);
        if (digit >= 0) {
            if (digits++ == MAX_DIGITS) {
                fail("a chunk's size of more than " + MAX_DIGITS + " digits");
                return;
            }
            left = left << 4 | digit;
        } else if (digits == 0) {
            fail("a chunk without a size");
        } else if (b == '\r') {
            state = State.SIZE_LF;
        } else if (b == ';') {
            state = State.EXTENSION;
            part = Extension.BEFORE_NAME;
        } else {
            fail("a chunk's size that is no hexadecimal number");
        }
    }

    private void extension(byte b) {
        if (b == '\r' && part.mayEnd) {
            state = State.SIZE_LF;
        } else if (++extension > MAX_EXTENSION || ++extensions > MAX_EXTENSIONS) {
            fail("chunk extensions of more than " + MAX_EXTENSION + " bytes");
        } else {
            part = part.next(b);
            if (part == Extension.WRONG) {
                fail("a chunk's extension that is none");
            }
        }
    }

    private void line(byte b) {
        if (b == '\r') {
            state = State.END_LF;
        } else {
            text.setLength(0);
            state = State.NAME;
            name(b);
        }
    }

    private void name(byte b) {
        if (b == ':' && !text.isEmpty()) {
            name = text.toString();
            text.setLength(0);
            state = State.VALUE;
        } else if (Ascii.isToken(b)) {
            append(b);
        } else {
            fail("a trailer's name that is none");
        }
    }

    private void value(byte b) {
        if (b == '\r') {
            trailer(name, text.toString().strip());
            state = state == State.FAILED ? state : State.LINE_LF;
        } else if (b >= 0 && b < 0x20 && b != '\t' || b == 0x7F) {
            fail("a control character in a trailer");
        } else {
            append(b);
        }
    }

    private void append(byte b) {
        if (++trailerBytes > limits.maxHeaderSize()) {
            fail("trailers of more than " + limits.maxHeaderSize() + " bytes");
        } else {
            text.append((char) (b & 0xFF));
        }
    }

    private void trailer(String trailer, String value) {
        if (++trailerCount > limits.maxHeaders()) {
            fail("more than " + limits.maxHeaders() + " trailers");
            return;
        }
        if (trailers.isEmpty()) {
            trailers = DefaultHttpHeadersFactory.trailersFactory().withValidation(false).newHeaders();
        }
        trailers.add(trailer, value);
    }

    private void fail(String what) {
        state = State.FAILED;
        message = what;
    }
}
