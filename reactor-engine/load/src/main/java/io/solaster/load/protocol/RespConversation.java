package io.solaster.load.protocol;

import java.util.List;
import java.util.SplittableRandom;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/** Walks over the replies of RESP2 and RESP3 without building them. On its shard. */
final class RespConversation implements Conversation {
    private static final long MOST_ELEMENTS = 1L << 32;
    private static final int LONGEST_NUMBER = 19;

    private final Keys keys;
    private final SplittableRandom random;
    private final List<byte[]> recorded;
    private final List<byte[]> greetings;
    private final RespTemplate[] templates;
    /** Sums of the weights up to each template. */
    private final int[] upTo;
    private final boolean missesFail;
    private final Errors errors = new Errors();

    private int greetingsLeft;
    /** Bytes of a string that are yet to come, its end included. */
    private long skip;
    /** Items of the reply under way that are yet to come. */
    private long left = 1;
    private boolean isPush;
    private @Nullable String error;

    RespConversation(Resp resp, long seed, List<byte[]> recorded) {
        this.keys = resp.keys();
        this.random = new SplittableRandom(seed);
        this.recorded = recorded;
        this.greetings = resp.greetings();
        this.missesFail = resp.missesFail();
        templates = resp.mix().keySet().stream().map(each -> new RespTemplate(each, resp.valueBytes()))
                .toArray(RespTemplate[]::new);
        upTo = resp.mix().values().stream().mapToInt(Integer::intValue).toArray();
        for (int i = 1; i < upTo.length; i++) {
            upTo[i] += upTo[i - 1];
        }
    }

    @Override
    public boolean begin(ByteBuf out) {
        greetingsLeft = greetings.size();
        greetings.forEach(out::writeBytes);
        return greetingsLeft == 0;
    }

    @Override
    public void request(ByteBuf out, int number) {
        if (number >= 0) {
            out.writeBytes(recorded.get(number));
            return;
        }
        int at = 0;
        if (templates.length > 1) {
            int drawn = random.nextInt(upTo[upTo.length - 1]);
            while (drawn >= upTo[at]) {
                at++;
            }
        }
        templates[at].write(out, keys, random);
    }

    @Override
    public void read(ByteBuf in, Answers to) {
        while (in.isReadable()) {
            if (skip > 0) {
                int here = (int) Math.min(skip, in.readableBytes());
                in.skipBytes(here);
                skip -= here;
                if (skip > 0) {
                    return;
                }
            } else if (!line(in)) {
                return;
            }
            // A string counts when its bytes are there.
            if (skip == 0 && --left == 0) {
                end(to);
            }
        }
    }

    private void end(Answers to) {
        String failed = error;
        error = null;
        left = 1;
        if (isPush) {
            isPush = false;
        } else if (greetingsLeft == 0) {
            to.answered(failed);
        } else if (failed != null) {
            throw new BadAnswer("the login was refused: " + failed);
        } else if (--greetingsLeft == 0) {
            to.ready();
        }
    }

    /** Reads a line; adds what it announces. Whether it was there. */
    private boolean line(ByteBuf in) {
        int start = in.readerIndex();
        int end = ByteBufUtil.indexOf(in, start, in.writerIndex(), (byte) '\n');
        byte type = in.getByte(start);
        if ("+-:$*_#,(!=%~>|".indexOf(type) < 0) {
            throw new BadAnswer("no reply begins so");
        }
        if (end < 0) {
            if (in.readableBytes() >= BadAnswer.MOST) {
                throw new BadAnswer("a line without an end");
            }
            return false;
        }
        if (end - start < 2 && type != '_' || in.getByte(end - 1) != '\r') {
            throw new BadAnswer("a line without CR LF");
        }
        in.readerIndex(end + 1);
        switch (type) {
            case '-' -> error = errors.code(in, start + 1, end - 1);
            case '!' -> {
                error = "error answer";
                string(in, start, end);
            }
            case '$', '=' -> string(in, start, end);
            case '_' -> missed();
            case '*', '~' -> elements(number(in, start, end), 1);
            case '>' -> {
                isPush |= left == 1;
                elements(number(in, start, end), 1);
            }
            case '%' -> elements(number(in, start, end), 2);
            // Attributes stand before a reply and are none.
            case '|' -> elements(number(in, start, end) * 2 + 1, 1);
            default -> {
                // All is in the line.
            }
        }
        return true;
    }

    private void string(ByteBuf in, int start, int end) {
        long length = number(in, start, end);
        skip = length < 0 ? 0 : length + 2;
        if (length < 0) {
            missed();
        }
    }

    private void missed() {
        if (missesFail) {
            error = "miss";
        }
    }

    private void elements(long count, int perEntry) {
        left += Math.max(0, count) * perEntry;
        if (left > MOST_ELEMENTS) {
            throw new BadAnswer("a reply of too many elements");
        }
    }

    private static long number(ByteBuf in, int start, int end) {
        int at = start + 1;
        boolean negative = in.getByte(at) == '-';
        if (negative) {
            at++;
        }
        if (at >= end - 1 || end - 1 - at > LONGEST_NUMBER - 4) {
            throw new BadAnswer("a length that is no number");
        }
        long value = 0;
        for (; at < end - 1; at++) {
            int digit = in.getByte(at) - '0';
            if (digit < 0 || digit > 9) {
                throw new BadAnswer("a length that is no number");
            }
            value = value * 10 + digit;
        }
        return negative ? -value : value;
    }
}
