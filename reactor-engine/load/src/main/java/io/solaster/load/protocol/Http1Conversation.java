package io.solaster.load.protocol;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

/** Walks over responses, however their bodies end. On its shard. */
final class Http1Conversation implements Conversation {
    private static final byte[] LENGTH = "content-length:".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ENCODING = "transfer-encoding:".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] CONNECTION = "connection:".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] VERSION = "HTTP/1.".getBytes(StandardCharsets.US_ASCII);
    private static final int STATUS = 9;
    private static final int LETTER_CASE = 0x20;
    private static final int MOST_DIGITS = 17;
    private static final int SHORTEST_STATUS_LINE = 12;

    private enum At {
        STATUS_LINE, HEADERS, BODY, CHUNK, CHUNK_BODY, TRAILERS, UNTIL_END
    }

    private final byte[] request;
    private final List<byte[]> recorded;
    private final boolean bodiless;
    private final Errors errors = new Errors();

    private At at = At.STATUS_LINE;
    private int status;
    private int headBytes;
    /** Of the body or the chunk; below 0 where nothing told. */
    private long left;
    private boolean isChunked;
    private boolean closes;

    Http1Conversation(byte[] request, List<byte[]> recorded, boolean bodiless) {
        this.request = request;
        this.recorded = recorded;
        this.bodiless = bodiless;
    }

    @Override
    public void request(ByteBuf out, int number) {
        out.writeBytes(number >= 0 ? recorded.get(number) : request);
    }

    @Override
    public void read(ByteBuf in, Answers to) {
        while (in.isReadable()) {
            switch (at) {
                case BODY, CHUNK_BODY -> {
                    if (!skip(in)) {
                        return;
                    }
                    if (at == At.BODY) {
                        end(to);
                    } else {
                        at = At.CHUNK;
                    }
                }
                case UNTIL_END -> in.skipBytes(in.readableBytes());
                default -> {
                    int end = ByteBufUtil.indexOf(in, in.readerIndex(), in.writerIndex(), (byte) '\n');
                    if (end < 0) {
                        if (in.readableBytes() >= BadAnswer.MOST) {
                            throw new BadAnswer("a line without an end");
                        }
                        return;
                    }
                    int start = in.readerIndex();
                    in.readerIndex(end + 1);
                    boolean isCr = end > start && in.getByte(end - 1) == '\r';
                    line(in, start, isCr ? end - 1 : end, to);
                }
            }
        }
    }

    private boolean skip(ByteBuf in) {
        int here = (int) Math.min(left, in.readableBytes());
        in.skipBytes(here);
        left -= here;
        return left == 0;
    }

    private void line(ByteBuf in, int start, int end, Answers to) {
        headBytes += end - start + 2;
        if (headBytes > BadAnswer.MOST) {
            throw new BadAnswer("a head without an end");
        }
        switch (at) {
            case STATUS_LINE -> statusLine(in, start, end);
            case HEADERS -> {
                if (end == start) {
                    headEnds(to);
                } else {
                    header(in, start, end);
                }
            }
            case CHUNK -> {
                headBytes = 0;
                long size = chunkSize(in, start, end);
                // Behind the bytes there is a line break.
                left = size + 2;
                at = size == 0 ? At.TRAILERS : At.CHUNK_BODY;
            }
            case TRAILERS -> {
                if (end == start) {
                    end(to);
                }
            }
            default -> throw new IllegalStateException("no line is awaited at " + at);
        }
    }

    private void statusLine(ByteBuf in, int start, int end) {
        if (end - start < SHORTEST_STATUS_LINE || !begins(in, start, end, VERSION)) {
            throw new BadAnswer("no status line");
        }
        status = 0;
        for (int i = start + STATUS; i < start + STATUS + 3; i++) {
            int digit = in.getByte(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new BadAnswer("no status line");
            }
            status = status * 10 + digit;
        }
        left = -1;
        isChunked = false;
        // HTTP/1.0 closes unless told otherwise.
        closes = in.getByte(start + VERSION.length) == '0';
        at = At.HEADERS;
    }

    private void header(ByteBuf in, int start, int end) {
        switch (in.getByte(start) | LETTER_CASE) {
            case 'c' -> {
                if (begins(in, start, end, LENGTH)) {
                    left = number(in, start + LENGTH.length, end);
                } else if (begins(in, start, end, CONNECTION)) {
                    int last = lastLetter(in, start, end);
                    // close, or keep-alive
                    closes = (in.getByte(last) | LETTER_CASE) == 'e' && in.getByte(last - 1) != 'v'
                            && in.getByte(last - 1) != 'V';
                }
            }
            case 't' -> {
                if (begins(in, start, end, ENCODING)) {
                    isChunked = (in.getByte(lastLetter(in, start, end)) | LETTER_CASE) == 'd';
                }
            }
            default -> {
                // The others say nothing about where the response ends.
            }
        }
    }

    private static int lastLetter(ByteBuf in, int start, int end) {
        int last = end - 1;
        while (last > start + 1 && (in.getByte(last) == ' ' || in.getByte(last) == '\t')) {
            last--;
        }
        return last;
    }

    private static boolean begins(ByteBuf in, int start, int end, byte[] name) {
        if (end - start < name.length) {
            return false;
        }
        for (int i = 0; i < name.length; i++) {
            if ((in.getByte(start + i) | LETTER_CASE) != (name[i] | LETTER_CASE)) {
                return false;
            }
        }
        return true;
    }

    private static long number(ByteBuf in, int from, int to) {
        long number = 0;
        int digits = 0;
        for (int i = from; i < to; i++) {
            byte b = in.getByte(i);
            if (b >= '0' && b <= '9' && digits < MOST_DIGITS) {
                number = number * 10 + (b - '0');
                digits++;
            } else if (b != ' ' && b != '\t') {
                throw new BadAnswer("a Content-Length that is no number");
            }
        }
        if (digits == 0) {
            throw new BadAnswer("a Content-Length that is no number");
        }
        return number;
    }

    private static long chunkSize(ByteBuf in, int start, int end) {
        long size = 0;
        int at = start;
        while (at < end && at - start < MOST_DIGITS - 2) {
            int digit = Character.digit(in.getByte(at), 16);
            if (digit < 0) {
                break;
            }
            size = size * 16 + digit;
            at++;
        }
        if (at == start || at < end && in.getByte(at) != ';' && in.getByte(at) != ' ') {
            throw new BadAnswer("a chunk without a size");
        }
        return size;
    }

    private void headEnds(Answers to) {
        headBytes = 0;
        if (status < 200) {
            at = At.STATUS_LINE;
        } else if (bodiless || status == 204 || status == 304) {
            end(to);
        } else if (isChunked) {
            at = At.CHUNK;
        } else if (left == 0) {
            end(to);
        } else if (left > 0) {
            at = At.BODY;
        } else {
            at = At.UNTIL_END;
            to.last();
        }
    }

    private void end(Answers to) {
        at = At.STATUS_LINE;
        headBytes = 0;
        if (closes) {
            to.last();
        }
        to.answered(status >= 400 ? errors.status(status) : null);
    }

    @Override
    public void ended(Answers to) {
        if (at == At.UNTIL_END) {
            end(to);
        }
    }
}
