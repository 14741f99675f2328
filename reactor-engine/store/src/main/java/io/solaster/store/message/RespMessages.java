package io.solaster.store.message;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.solaster.resp.ReplyWriter;
import io.solaster.streams.subscribe.MessageFormat;
import io.solaster.streams.subscribe.Subscriptions;

/** Messages as clients of RESP2 and RESP3 get them. One a shard. */
public final class RespMessages implements MessageFormat {
    /** The form of messages to clients that speak RESP2. */
    public static final int RESP2 = 0;
    /** The form of messages to clients that speak RESP3. */
    public static final int RESP3 = 1;
    private static final byte[] MESSAGE = "$7\r\nmessage\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PMESSAGE = "$8\r\npmessage\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SMESSAGE = "$8\r\nsmessage\r\n".getBytes(StandardCharsets.US_ASCII);

    private final ReplyWriter writer = new ReplyWriter();

    @Override
    public int forms() {
        return 2;
    }

    @Override
    public void write(ByteBuf to, int form, int kind, long pattern, int patternLength, long name, int nameLength,
            long payload, int payloadLength) {
        writer.to(to);
        writer.resp3(form == RESP3);
        if (pattern == 0) {
            writer.pushHeader(3);
            writer.raw(kind == Subscriptions.SHARD_CHANNEL ? SMESSAGE : MESSAGE);
        } else {
            writer.pushHeader(4);
            writer.raw(PMESSAGE);
            writer.bulk(pattern, patternLength);
        }
        writer.bulk(name, nameLength);
        writer.bulk(payload, payloadLength);
        writer.finish();
    }
}
