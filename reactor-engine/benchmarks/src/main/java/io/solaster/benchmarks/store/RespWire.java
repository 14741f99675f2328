package io.solaster.benchmarks.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.SplittableRandom;

import io.solaster.benchmarks.rig.Requests;
import io.solaster.benchmarks.rig.Wire;

/** GETs and SETs of random keys. */
final class RespWire implements Wire {
    private final Requests requests;
    private final long keys;
    private final double getShare;
    private long misses;

    /**
     * @param keys requests are for keys 0 to this, drawn at random
     * @param getShare how many of the requests are GETs, 0 to 1; the others are SETs
     */
    RespWire(Requests requests, long keys, double getShare) {
        this.requests = requests;
        this.keys = keys;
        this.getShare = getShare;
    }

    /** GETs that have found nothing. */
    long misses() {
        return misses;
    }

    @Override
    public int longestRequest() {
        return Math.max(requests.setLength(), requests.getLength());
    }

    @Override
    public int request(SplittableRandom random, byte[] to) {
        long key = random.nextLong(keys);
        if (random.nextDouble() < getShare) {
            requests.get(key, to, 0);
            return requests.getLength();
        }
        requests.set(key, to, 0);
        return requests.setLength();
    }

    @Override
    public int replyLength(ByteBuffer in) throws IOException {
        int start = in.position();
        int limit = in.limit();
        int number = 0;
        boolean negative = false;
        for (int i = start + 1; i < limit; i++) {
            byte b = in.get(i);
            if (b == '\n') {
                byte type = in.get(start);
                if (type == '-') {
                    throw new IOException("the server has answered with an error");
                }
                if (type == '$' && negative) {
                    misses++;
                }
                int end = type == '$' && !negative ? i + 1 + number + 2 : i + 1;
                return end <= limit ? end - start : 0;
            }
            if (b == '-') {
                negative = true;
            } else if (b != '\r') {
                number = number * 10 + (b - '0');
            }
        }
        return 0;
    }
}
