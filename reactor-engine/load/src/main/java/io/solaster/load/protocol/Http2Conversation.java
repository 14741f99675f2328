package io.solaster.load.protocol;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests of one HEADERS frame each and walks over the frames that come back. The table of headers is turned off, so
 * that a block by itself tells its status; the window is as large as it may be, so that the server never waits for it. On
 * its shard.
 */
final class Http2Conversation implements Conversation {
    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int HEAD = 9;
    private static final int MOST_PAYLOAD = 16_384;
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PUSH_PROMISE = 5;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;
    private static final int CONTINUATION = 9;
    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;
    private static final int PADDED = 8;
    private static final int PRIORITY = 32;
    private static final int TABLE_SIZE = 1;
    private static final int ENABLE_PUSH = 2;
    private static final int MOST_STREAMS = 3;
    private static final int WINDOW_SIZE = 4;
    private static final int FIRST_WINDOW = 65_535;
    private static final int LAST_STREAM = Integer.MAX_VALUE - 2;
    /** Indices 8 to 14 of the static table are the frequent statuses (RFC 7541, appendix A). */
    private static final int[] STATUSES = {200, 204, 206, 304, 400, 404, 500};
    private static final int FIRST_STATUS = 8;

    private final byte[] block;
    private final List<byte[]> recorded;
    private final int depth;
    private final Errors errors = new Errors();
    private final DefaultHttp2HeadersDecoder decoder = new DefaultHttp2HeadersDecoder(false, BadAnswer.MOST);

    private int nextStream = 1;
    private boolean isReady;
    /** Bytes of a body's frame that are yet to come, and what they end. */
    private int skip;
    private int skipStream;
    private boolean skipEnds;
    private int uncredited;
    /** By stream, as a ring: the error that its head has told. */
    private final @Nullable String[] failed;

    Http2Conversation(byte[] block, List<byte[]> recorded, int depth) {
        this.block = block;
        this.recorded = recorded;
        this.depth = depth;
        this.failed = new @Nullable String[Integer.highestOneBit(depth * 8)];
    }

    @Override
    public boolean begin(ByteBuf out) {
        out.writeBytes(PREFACE);
        frame(out, 18, SETTINGS, 0, 0);
        out.writeShort(TABLE_SIZE).writeInt(0).writeShort(ENABLE_PUSH).writeInt(0).writeShort(WINDOW_SIZE)
                .writeInt(Integer.MAX_VALUE);
        frame(out, 4, WINDOW_UPDATE, 0, 0);
        out.writeInt(Integer.MAX_VALUE - FIRST_WINDOW);
        return false;
    }

    private static void frame(ByteBuf out, int length, int type, int flags, int stream) {
        out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
    }

    @Override
    public void request(ByteBuf out, int number) {
        byte[] headers = number >= 0 ? recorded.get(number) : block;
        frame(out, headers.length, HEADERS, END_HEADERS | END_STREAM, nextStream);
        out.writeBytes(headers);
        failed[slot(nextStream)] = null;
        nextStream += 2;
    }

    private int slot(int stream) {
        return stream >> 1 & failed.length - 1;
    }

    @Override
    public void read(ByteBuf in, Answers to) {
        while (true) {
            if (skip > 0) {
                int here = Math.min(skip, in.readableBytes());
                in.skipBytes(here);
                skip -= here;
                if (skip > 0) {
                    return;
                }
                if (skipEnds) {
                    end(skipStream, to);
                }
            }
            int start = in.readerIndex();
            if (in.readableBytes() < HEAD) {
                return;
            }
            int length = in.getUnsignedMedium(start);
            int type = in.getUnsignedByte(start + 3);
            int flags = in.getUnsignedByte(start + 4);
            int stream = in.getInt(start + 5) & Integer.MAX_VALUE;
            if (length > MOST_PAYLOAD || !isReady && type != SETTINGS) {
                throw new BadAnswer("no HTTP/2 frame begins so");
            }
            if (type == DATA) {
                data(in, length, flags, stream, to);
            } else if (in.readableBytes() < HEAD + length) {
                return;
            } else {
                in.skipBytes(HEAD);
                control(in, in.readerIndex(), length, type, flags, stream, to);
                in.skipBytes(length);
            }
            if (nextStream >= LAST_STREAM) {
                to.last();
            }
        }
    }

    private void data(ByteBuf in, int length, int flags, int stream, Answers to) {
        known(stream);
        in.skipBytes(HEAD);
        uncredited += length;
        if (uncredited > 1 << 29) {
            frame(to.out(), 4, WINDOW_UPDATE, 0, 0);
            to.out().writeInt(uncredited);
            uncredited = 0;
        }
        skip = length;
        skipStream = stream;
        skipEnds = (flags & END_STREAM) != 0;
        if (length == 0 && skipEnds) {
            end(stream, to);
        }
    }

    private void control(ByteBuf in, int at, int length, int type, int flags, int stream, Answers to) {
        switch (type) {
            case HEADERS -> headers(in, at, length, flags, stream, to);
            case RST_STREAM -> {
                known(stream);
                failed[slot(stream)] = "stream reset";
                end(stream, to);
            }
            case SETTINGS -> settings(in, at, length, flags, to);
            case PING -> {
                if (length != 8) {
                    throw new BadAnswer("a ping of another length than 8");
                }
                if ((flags & ACK) == 0) {
                    frame(to.out(), 8, PING, ACK, 0);
                    to.out().writeBytes(in, at, 8);
                }
            }
            case GOAWAY -> to.last();
            case PUSH_PROMISE, CONTINUATION -> throw new BadAnswer("a frame that was not asked for");
            default -> {
                // Windows for bodies that are not sent, priorities, and what is not known.
            }
        }
    }

    private void settings(ByteBuf in, int at, int length, int flags, Answers to) {
        if (length % 6 != 0) {
            throw new BadAnswer("settings of another length than 6 each");
        }
        if ((flags & ACK) != 0) {
            return;
        }
        for (int i = at; i < at + length; i += 6) {
            if (in.getUnsignedShort(i) == MOST_STREAMS) {
                to.room((int) Math.min(depth, in.getUnsignedInt(i + 2)));
            }
        }
        frame(to.out(), 0, SETTINGS, ACK, 0);
        if (!isReady) {
            isReady = true;
            to.ready();
        }
    }

    private void headers(ByteBuf in, int at, int length, int flags, int stream, Answers to) {
        known(stream);
        if ((flags & END_HEADERS) == 0) {
            throw new BadAnswer("a head of more than " + MOST_PAYLOAD + " bytes");
        }
        int from = at + ((flags & PADDED) != 0 ? 1 : 0) + ((flags & PRIORITY) != 0 ? 5 : 0);
        int behind = at + length - ((flags & PADDED) != 0 && length > 0 ? in.getUnsignedByte(at) : 0);
        if (behind <= from) {
            throw new BadAnswer("a head of nothing");
        }
        int status = status(in, from, behind, stream);
        if (status >= 400) {
            failed[slot(stream)] = errors.status(status);
        }
        if ((flags & END_STREAM) != 0) {
            end(stream, to);
        }
    }

    private int status(ByteBuf in, int from, int to, int stream) {
        int first = in.getUnsignedByte(from) & 0x7f;
        if (in.getByte(from) < 0 && first >= FIRST_STATUS && first < FIRST_STATUS + STATUSES.length) {
            return STATUSES[first - FIRST_STATUS];
        }
        try {
            Http2Headers headers = decoder.decodeHeaders(stream, in.slice(from, to - from));
            CharSequence status = headers.status();
            // Trailers have none.
            return status == null ? 0 : Integer.parseInt(status.toString());
        } catch (Http2Exception | NumberFormatException _) {
            throw new BadAnswer("a head that cannot be read");
        }
    }

    private void known(int stream) {
        if ((stream & 1) == 0 || stream >= nextStream) {
            throw new BadAnswer("a stream that was not begun");
        }
    }

    private void end(int stream, Answers to) {
        to.answered(stream >> 1, failed[slot(stream)]);
    }
}
