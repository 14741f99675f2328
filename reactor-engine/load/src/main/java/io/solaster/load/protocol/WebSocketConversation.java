package io.solaster.load.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;

/** Sends messages and walks over those that come back; answers pings. On its shard. */
final class WebSocketConversation implements Conversation {
    private static final byte[] SWITCHED = "HTTP/1.1 101".getBytes(StandardCharsets.US_ASCII);
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int CONTINUATION = 0;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int TWO_BYTES = 126;
    private static final int EIGHT_BYTES = 127;
    private static final int HEAD_END = 0x0d0a0d0a;

    private final byte[] upgrade;
    private final byte[] message;
    private boolean isOpen;
    /** Bytes of the frame's payload that are yet to come; below 0 between frames. */
    private long left = -1;
    private boolean isLast;
    /** Bytes of the message so far. */
    private long length;

    WebSocketConversation(byte[] upgrade, int payloadBytes) {
        this.upgrade = upgrade;
        this.message = message(payloadBytes);
    }

    /** With a mask of zeros, which leaves the payload as it is and costs the server as much as any. */
    private static byte[] message(int payload) {
        int head = payload < TWO_BYTES ? 2 : payload <= 0xffff ? 4 : 10;
        ByteBuffer bytes = ByteBuffer.allocate(head + 4 + payload);
        bytes.put((byte) (FINAL | BINARY));
        switch (head) {
            case 2 -> bytes.put((byte) (MASKED | payload));
            case 4 -> bytes.put((byte) (MASKED | TWO_BYTES)).putShort((short) payload);
            default -> bytes.put((byte) (MASKED | EIGHT_BYTES)).putLong(payload);
        }
        return bytes.array();
    }

    @Override
    public boolean begin(ByteBuf out) {
        out.writeBytes(upgrade);
        return false;
    }

    @Override
    public void request(ByteBuf out, int number) {
        out.writeBytes(message);
    }

    @Override
    public void read(ByteBuf in, Answers to) {
        if (!isOpen && !switched(in, to)) {
            return;
        }
        while (left >= 0 ? in.isReadable() || left == 0 : frame(in, to)) {
            if (left < 0) {
                continue;
            }
            int here = (int) Math.min(left, in.readableBytes());
            in.skipBytes(here);
            left -= here;
            if (left > 0) {
                return;
            }
            left = -1;
            if (isLast) {
                boolean whole = length == message.length - 4 - headLength();
                length = 0;
                to.answered(whole ? null : "another message");
            }
        }
    }

    private int headLength() {
        int second = message[1] & 0x7f;
        return second == TWO_BYTES ? 4 : second == EIGHT_BYTES ? 10 : 2;
    }

    private boolean switched(ByteBuf in, Answers to) {
        int start = in.readerIndex();
        for (int i = 0; i < Math.min(SWITCHED.length, in.readableBytes()); i++) {
            if (in.getByte(start + i) != SWITCHED[i]) {
                throw new BadAnswer("the upgrade was refused");
            }
        }
        for (int at = start; at + 4 <= in.writerIndex(); at++) {
            if (in.getInt(at) == HEAD_END) {
                in.readerIndex(at + 4);
                isOpen = true;
                to.ready();
                return true;
            }
        }
        if (in.readableBytes() >= BadAnswer.MOST) {
            throw new BadAnswer("a head without an end");
        }
        return false;
    }

    /** Reads a frame's head, and control frames whole. Whether there was one. */
    private boolean frame(ByteBuf in, Answers to) {
        int start = in.readerIndex();
        int readable = in.readableBytes();
        if (readable < 2) {
            return false;
        }
        int first = in.getByte(start) & 0xff;
        int second = in.getByte(start + 1) & 0xff;
        int opcode = first & 0x0f;
        if ((first & 0x70) != 0 || (second & MASKED) != 0 || opcode > PONG || opcode > BINARY && opcode < CLOSE) {
            throw new BadAnswer("no frame of a server begins so");
        }
        int head = second == TWO_BYTES ? 4 : second == EIGHT_BYTES ? 10 : 2;
        if (readable < head) {
            return false;
        }
        if (opcode >= CLOSE) {
            return control(in, opcode, second, to);
        }
        long payload = head == 2 ? second : head == 4 ? in.getUnsignedShort(start + 2) : in.getLong(start + 2);
        if (payload < 0 || opcode == CONTINUATION && length == 0 && isLast) {
            throw new BadAnswer("a frame that cannot be");
        }
        in.skipBytes(head);
        isLast = (first & FINAL) != 0;
        left = payload;
        length += payload;
        return true;
    }

    private boolean control(ByteBuf in, int opcode, int payload, Answers to) {
        if (payload >= TWO_BYTES) {
            throw new BadAnswer("a control frame of more than 125 bytes");
        }
        if (in.readableBytes() < 2 + payload) {
            return false;
        }
        in.skipBytes(2);
        if (opcode == PING) {
            to.out().writeByte(FINAL | PONG).writeByte(MASKED | payload).writeInt(0).writeBytes(in, payload);
        } else {
            in.skipBytes(payload);
        }
        if (opcode == CLOSE) {
            to.last();
        }
        return true;
    }
}
