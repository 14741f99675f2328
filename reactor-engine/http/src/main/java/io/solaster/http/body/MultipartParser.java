package io.solaster.http.body;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.Escapes;
import io.solaster.http.HttpException;

/**
 * Takes a body of {@code multipart/form-data} apart as it comes (RFC 7578, RFC 2046): what stands between two delimiters is
 * a part, whichever way the body is cut. Keeps no more than a part's head, or the bytes that might be the beginning of a
 * delimiter. What is not as it should be is refused with 400 rather than guessed. On the owning shard.
 */
final class MultipartParser {
    /** Of a part's head. */
    private static final int LONGEST_HEAD = 16 << 10;
    private static final int LONGEST_BOUNDARY = 70;
    private static final byte[] HEAD_END = {'\r', '\n', '\r', '\n'};

    private enum State {
        PREAMBLE, BEHIND_DELIMITER, HEAD, CONTENT, EPILOGUE
    }

    /** Where the parts go. */
    interface Sink {

        /** A part begins. */
        void begin(PartHead head);

        /** So many bytes of it; the buffer is the parser's. */
        void content(ByteBuf bytes, int length);

        /** It has come whole. */
        void end();
    }

    private final Sink sink;
    private final byte[] delimiter;
    private final ByteBuf bytes;
    private State state = State.PREAMBLE;
    private int padding;
    /** How much of a head that comes in pieces has no end in it. */
    private int looked;

    /**
     * For the parts between such boundaries.
     *
     * @throws HttpException with status 400 if that is no boundary
     */
    MultipartParser(String boundary, ByteBufAllocator alloc, Sink sink) {
        this.sink = sink;
        if (boundary.isEmpty() || boundary.length() > LONGEST_BOUNDARY || boundary.endsWith(" ")
                || !boundary.chars().allMatch(c -> c >= ' ' && c < 0x7F)) {
            throw Escapes.bad("a boundary of 1 to " + LONGEST_BOUNDARY + " printable characters is missing");
        }
        delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.US_ASCII);
        bytes = alloc.buffer();
        // The first delimiter may stand at the very beginning.
        bytes.writeBytes(delimiter, 0, 2);
    }

    void release() {
        bytes.release();
    }

    /** Whether the last delimiter has come. */
    boolean isComplete() {
        return state == State.EPILOGUE;
    }

    /**
     * More has come, which is taken whole.
     *
     * @throws HttpException with status 400 or 413 if it is malformed
     */
    void feed(ByteBuf more) {
        bytes.discardReadBytes();
        bytes.writeBytes(more);
        while (step()) {
            // Until there is nothing left to be seen.
        }
    }

    private boolean step() {
        return switch (state) {
            case PREAMBLE, CONTENT -> untilDelimiter();
            case BEHIND_DELIMITER -> behindDelimiter();
            case HEAD -> head();
            case EPILOGUE -> {
                bytes.skipBytes(bytes.readableBytes());
                yield false;
            }
        };
    }

    private boolean untilDelimiter() {
        int found = find(delimiter, 0);
        int length = (found < 0 ? mayBegin() : found) - bytes.readerIndex();
        if (state == State.CONTENT && length > 0) {
            sink.content(bytes, length);
        }
        bytes.skipBytes(length);
        if (found < 0) {
            return false;
        }
        if (state == State.CONTENT) {
            sink.end();
        }
        bytes.skipBytes(delimiter.length);
        padding = 0;
        state = State.BEHIND_DELIMITER;
        return true;
    }

    /** Where this begins, in what there is but for so many bytes; -1 if it does not. */
    private int find(byte[] wanted, int skipped) {
        int last = bytes.writerIndex() - wanted.length;
        for (int at = bytes.readerIndex() + skipped; at <= last; at++) {
            at = bytes.indexOf(at, last + 1, wanted[0]);
            if (at < 0) {
                return -1;
            }
            int same = 1;
            while (same < wanted.length && bytes.getByte(at + same) == wanted[same]) {
                same++;
            }
            if (same == wanted.length) {
                return at;
            }
        }
        return -1;
    }

    /** Where, at the end of what there is, a delimiter may begin. */
    private int mayBegin() {
        int end = bytes.writerIndex();
        for (int at = Math.max(bytes.readerIndex(), end - delimiter.length + 1); at < end; at++) {
            int same = 0;
            while (at + same < end && bytes.getByte(at + same) == delimiter[same]) {
                same++;
            }
            if (at + same == end) {
                return at;
            }
        }
        return end;
    }

    private boolean behindDelimiter() {
        while (bytes.readableBytes() >= 2) {
            int at = bytes.readerIndex();
            byte first = bytes.getByte(at);
            byte second = bytes.getByte(at + 1);
            if (first == '\r' && second == '\n') {
                bytes.skipBytes(2);
                state = State.HEAD;
                return true;
            }
            if (padding == 0 && first == '-' && second == '-') {
                bytes.skipBytes(2);
                state = State.EPILOGUE;
                return true;
            }
            if (first != ' ' && first != '\t' || ++padding > LONGEST_BOUNDARY) {
                throw PartHead.malformed("something else than the end of the line behind a boundary");
            }
            bytes.skipBytes(1);
        }
        return false;
    }

    private boolean head() {
        int from = bytes.readerIndex();
        boolean empty = bytes.readableBytes() >= 2 && bytes.getByte(from) == '\r' && bytes.getByte(from + 1) == '\n';
        int end = empty ? from : find(HEAD_END, looked);
        if ((end < 0 ? bytes.writerIndex() : end) - from > LONGEST_HEAD) {
            throw new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
                    "the head of a part of more than " + LONGEST_HEAD + " bytes");
        }
        if (end < 0) {
            looked = Math.max(0, bytes.readableBytes() - HEAD_END.length + 1);
            return false;
        }
        looked = 0;
        PartHead head = PartHead.parse(bytes.toString(from, end - from, StandardCharsets.UTF_8));
        bytes.readerIndex(empty ? from + 2 : end + HEAD_END.length);
        sink.begin(head);
        state = State.CONTENT;
        return true;
    }
}
