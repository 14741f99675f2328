package io.solaster.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import com.sun.management.ThreadMXBean;
import io.solaster.engine.Slots;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the shards' threads allocate on the heap for commands in a pipeline, all in all. */
@Tag("unwatched") // what follows buffers allocates
class StoreAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int PIPELINE = 128;
    private static final int WARM_UP = 1500;
    private static final int MEASURED = 500;
    private static final int BYTES_ALLOWED = 16;

    /** Of this class: those of others have buffers that are followed. By the number of shards. */
    private static final Map<Integer, StoreFixture> STORES = new HashMap<>();

    @AfterAll
    static void closeStores() {
        STORES.values().forEach(each -> each.engine().close());
        STORES.clear();
    }

    @ParameterizedTest(name = "{1}, {2} keys, {0} shard(s)")
    @CsvSource({"1, GET, own", "1, SET, own", "1, INCR, own", "1, MGET, own", "2, GET, own", "2, GET, foreign",
            "2, SET, own", "2, SET, foreign", "2, INCR, own", "2, INCR, foreign", "1, HSET, own", "1, HGET, own",
            "1, SADD, own"})
    void aCommandAllocatesAtMost16Bytes(int shards, String command, String whose) throws IOException {
        StoreFixture store = STORES.computeIfAbsent(shards, StoreFixture::alone);
        List<Long> threads = store.engine().submitToAll(shard -> Thread.currentThread().threadId()).join();
        try (RespClient client = store.connectEmpty()) {
            int home = (int) (Long.parseLong(client.call("CLIENT", "ID").substring(1)) % shards);
            int owner = whose.equals("own") ? home : (home + 1) % shards;
            byte[] requests = requests(command, owner, shards);
            if (command.endsWith("GET")) {
                roundTrip(client, requests(command.equals("HGET") ? "HSET" : "SET", owner, shards));
            }
            int replies = roundTrip(client, requests);
            for (int i = 0; i < WARM_UP; i++) {
                client.socket().getOutputStream().write(requests);
                client.skip(replies);
            }
            long least = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 3 && least > BYTES_ALLOWED * MEASURED * PIPELINE; attempt++) {
                long before = allocated(threads);
                for (int i = 0; i < MEASURED; i++) {
                    client.socket().getOutputStream().write(requests);
                    client.skip(replies);
                }
                least = Math.min(least, allocated(threads) - before);
            }
            double perCommand = (double) least / (MEASURED * PIPELINE);
            assertThat(perCommand).as("bytes a command").isLessThanOrEqualTo(BYTES_ALLOWED);
        }
    }

    private static long allocated(List<Long> threads) {
        return threads.stream().mapToLong(THREADS::getThreadAllocatedBytes).sum();
    }

    /** Commands on keys of one shard. */
    private static byte[] requests(String command, int owner, int shards) {
        List<String> keys = new ArrayList<>();
        for (int i = 0; keys.size() < PIPELINE; i++) {
            String key = String.format("%016d", i);
            if (shardOf(key, shards) == owner) {
                keys.add(key);
            }
        }
        ByteArrayOutputStream requests = new ByteArrayOutputStream();
        for (String key : keys) {
            requests.writeBytes(switch (command) {
                case "SET" -> RespClient.encode("SET", key, "v".repeat(64));
                case "HSET" -> RespClient.encode("HSET", "large", key, "v".repeat(64), "small", "1");
                case "HGET" -> RespClient.encode("HGET", "large", key);
                case "SADD" -> RespClient.encode("SADD", key, "1", "two");
                case "MGET" -> RespClient.encode("MGET", key, keys.get(0), keys.get(1));
                default -> RespClient.encode(command, key);
            });
        }
        return requests.toByteArray();
    }

    private static int shardOf(String key, int shards) {
        return Slots.shardOf(Slots.of(key), shards);
    }

    /** Runs commands once and says how long the replies are, when their length does not change any more. */
    private static int roundTrip(RespClient client, byte[] requests) {
        int length = 0;
        // A number that is counted up gets longer at first; all have three digits after these rounds, and four soon.
        for (int round = 0; round < 1001; round++) {
            client.send(requests);
            length = 0;
            for (int i = 0; i < PIPELINE; i++) {
                length += client.replyBytes().length;
            }
        }
        return length;
    }
}
