package io.solaster.resp;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.GuardedBlock;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("unwatched") // what follows buffers allocates
class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 20_000;

    private final CommandDecoder decoder = new CommandDecoder(RequestLimits.DEFAULT);
    private final GuardedBlock block = new GuardedBlock(1 << 20);

    @Test
    void decodesWithoutAllocating() {
        String[] mset = new String[101];
        Arrays.fill(mset, "argument");
        byte[] pipeline = Requests.bytes(Requests.multibulk("GET", "key:000000000001")
                + Requests.multibulk("SET", "key:000000000001", "v".repeat(5000)) + "PING\r\n"
                + "SET \"quoted key\" 'value'\r\n" + Requests.multibulk(mset));
        double perRound = allocatedPerRound(() -> {
            // Unescaping has overwritten the bytes of the round before.
            long at = block.putLast(pipeline, 0, pipeline.length);
            int left = pipeline.length;
            while (left > 0) {
                int consumed = decoder.decode(at, left);
                at += consumed;
                left -= consumed;
            }
        });
        assertThat(perRound).isLessThan(0.5);
    }

    @Test
    void decodesInPiecesWithoutAllocating() {
        byte[] request = Requests.bytes(Requests.multibulk("SET", "key:000000000001", "v".repeat(64)));
        long address = block.putLast(request, 0, request.length);
        assertThat(allocatedPerRound(() -> {
            for (int length = 0; length <= request.length; length += 7) {
                decoder.decode(address, length);
            }
            decoder.decode(address, request.length);
        })).isLessThan(0.5);
    }

    @Test
    void takesNothingForWhatIsMerelyAnnounced() {
        byte[] request = Requests.bytes("*1048576\r\n$536870912\r\n");
        long address = block.putLast(request, 0, request.length);
        CommandDecoder warm = new CommandDecoder(RequestLimits.DEFAULT);
        warm.decode(address, request.length);
        warm.expectedBytes();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        decoder.decode(address, request.length);
        decoder.expectedBytes();
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(1024);
    }

    @Test
    void givesBackWhatALargeRequestTook() {
        byte[] request = Requests.bytes("*5000\r\n" + "$1\r\nx\r\n".repeat(5000));
        long address = block.putLast(request, 0, request.length);
        byte[] ping = Requests.bytes(Requests.multibulk("PING"));
        assertThat(decoder.decode(address, request.length)).isEqualTo(request.length);
        assertThat(decoder.capacity()).isGreaterThanOrEqualTo(5000);

        assertThat(decoder.decode(block.putLast(ping, 0, ping.length), ping.length)).isEqualTo(ping.length);
        assertThat(decoder.capacity()).isLessThan(64);

        decoder.decode(block.putLast(request, 0, request.length), request.length);
        decoder.idle();
        assertThat(decoder.capacity()).isZero();

        decoder.decode(block.putLast(request, 0, request.length), request.length);
        assertThat(decoder.decode(address, 0)).isZero();
        assertThat(decoder.capacity()).isZero();
    }

    @Test
    void keepsARequestUnderWayWhenIdle() {
        byte[] request = Requests.bytes("*5000\r\n" + "$1\r\nx\r\n".repeat(5000));
        long address = block.putLast(request, 0, request.length);
        assertThat(decoder.decode(address, request.length - 1)).isZero();
        decoder.idle();
        assertThat(decoder.decode(address, request.length)).isEqualTo(request.length);
        assertThat(Requests.arguments(decoder)).hasSize(5000).containsOnly("x");
    }

    @Test
    void writesWithoutAllocating() {
        ByteBuf out = Unpooled.directBuffer(64 * 1024);
        ReplyWriter writer = new ReplyWriter();
        Random random = new Random(1);
        byte[] encoded = Requests.bytes("+QUEUED\r\n");
        assertThat(allocatedPerRound(() -> {
            writer.to(out.clear());
            writer.resp3(random.nextBoolean());
            writer.ok();
            writer.pong();
            writer.error("ERR syntax error");
            writer.integer(random.nextLong());
            writer.bulk(block.last(1000), random.nextInt(1000));
            writer.bulk("text");
            writer.bulk(encoded);
            writer.raw(encoded);
            writer.nullValue();
            writer.mapHeader(3);
            writer.doubleValue(42);
            writer.bool(true);
            writer.finish();
        })).isLessThan(0.5);
        out.release();
    }

    private static double allocatedPerRound(Runnable round) {
        for (int i = 0; i < ROUNDS; i++) {
            round.run();
        }
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < ROUNDS; i++) {
            round.run();
        }
        return (THREADS.getCurrentThreadAllocatedBytes() - before) / (double) ROUNDS;
    }
}
