package io.solaster.store.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.solaster.engine.DeadShards;
import io.solaster.engine.Engine;
import io.solaster.engine.Slots;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.RespClient;
import io.solaster.store.StoreFixture;
import io.solaster.store.shard.Command.Doc;
import io.solaster.store.shard.Command.Flag;
import io.solaster.store.shard.Command.Keys;
import io.solaster.store.shard.Command.Route;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What waits on a shard that dies hears of that, and its keys on live shards are given back. */
class DyingShardTest {
    private static final int SHARDS = 3;
    private static final int DYING = 1;

    private final StoreFixture fixture = StoreFixture.alone(SHARDS);
    private final Parts parts = StoreFixture.parts(fixture.store());

    @BeforeAll
    static void expectErrors() {
        logger(Engine.class.getName()).setLevel(Level.OFF);
    }

    @AfterAll
    static void expectNone() {
        logger(Engine.class.getName()).setLevel(null);
    }

    @AfterEach
    void close() {
        fixture.engine().close();
    }

    private void kill() {
        DeadShards.kill(fixture.engine().shard(DYING), () -> {});
    }

    private static Logger logger(String name) {
        return (Logger) LoggerFactory.getLogger(name);
    }

    private static Command command(Spread spread) {
        return new Command(0, "test", -1, Set.of(Flag.WRITE), Set.of(), Keys.NONE, Route.EVERY_SHARD, spread, _ -> {},
                new Doc("", "", "", "", List.of(), List.of()), Map.of());
    }

    private CompletableFuture<String> runOnEveryShard(Spread spread) {
        CompletableFuture<String> end = new CompletableFuture<>();
        fixture.servers().on(0, _ -> {
            Transaction transaction = new Transaction(parts.part(0));
            transaction.begin(command(spread), 0, new Transaction.Waiter() {
                @Override
                public void concluded() {
                    end.complete("concluded");
                }

                @Override
                public void abandoned() {
                    end.complete("abandoned");
                }
            });
            transaction.everyShard();
            transaction.run(null, 1 << 20);
            return true;
        }).join();
        return end;
    }

    private boolean areFree(int... shards) {
        return IntStream.of(shards)
                .allMatch(shard -> fixture.servers().on(shard, _ -> parts.part(shard).locks().isFree()).join());
    }

    private boolean areTaken(int... shards) {
        return IntStream.of(shards)
                .noneMatch(shard -> fixture.servers().on(shard, _ -> parts.part(shard).locks().isFree()).join());
    }

    /** Something else uses all keys of the shard that will die. */
    private void occupy() {
        fixture.servers().on(DYING, _ -> {
            Intent intent = new Intent(() -> {});
            intent.begin(true);
            intent.all();
            assertThat(parts.part(DYING).locks().addHere(intent)).isTrue();
            return true;
        }).join();
    }

    private static final Spread NOTHING = Spread.sum(_ -> 0);

    @Test
    void aPartThatWaitsForKeysThere() throws Exception {
        occupy();
        CompletableFuture<String> end = runOnEveryShard(NOTHING);
        StoreFixture.await("the others are locked", () -> areTaken(0, 2));
        kill();
        assertThat(end.get(1, TimeUnit.MINUTES)).isEqualTo("abandoned");
        StoreFixture.await("the keys are free", () -> areFree(0, 2));
    }

    @Test
    void aPartThatHasLeftOffThere() throws Exception {
        CompletableFuture<Boolean> running = new CompletableFuture<>();
        CompletableFuture<String> end = runOnEveryShard(new Spread() {
            @Override
            public void run(CommandCall call, Values values, int hop) {
                if (call.shard().shard().id() == DYING) {
                    running.complete(true);
                    call.goOn(1);
                }
            }

            @Override
            public boolean conclude(Transaction transaction, ReplyWriter reply) {
                return true;
            }
        });
        running.get(1, TimeUnit.MINUTES);
        kill();
        assertThat(end.get(1, TimeUnit.MINUTES)).isEqualTo("abandoned");
        StoreFixture.await("the keys are free", () -> areFree(0, 2));
    }

    @Test
    void codeOfTheProcessThatWaitsForAKey() {
        occupy();
        CompletionStage<CompletionStage<Integer>> begun = fixture.servers().on(DYING,
                _ -> parts.part(DYING).onKey(Slots.of("key"), true, _ -> 1));
        CompletableFuture<Integer> result = begun.toCompletableFuture().join().toCompletableFuture();
        kill();
        assertThatThrownBy(() -> result.get(1, TimeUnit.MINUTES)).hasRootCauseMessage("the shard has stopped");
    }

    /** On whichever shards they are: those of the dead one end with it. */
    @Test
    void aClientThatWaitsForAKeyThere() {
        String key = IntStream.iterate(0, i -> i + 1).mapToObj(i -> "key" + i)
                .filter(each -> fixture.engine().shardOf(each) == DYING).findFirst().orElseThrow();
        occupy();
        try (StoreFixture.Server server = fixture.serve(StoreFixture.config())) {
            var clients = IntStream.range(0, 6).mapToObj(_ -> server.connect().send("INCR", key)).toList();
            kill();
            try {
                // Some may not have been looked at by then; all of them are told, or cut off.
                clients.forEach(client -> assertThat(client.rest()).doesNotContain("still open"));
            } finally {
                clients.forEach(client -> client.close());
            }
        }
        StoreFixture.await("the keys are free", () -> areFree(0, 2));
    }

    private static String keyOn(int shard) {
        return IntStream.range(0, 1_000).mapToObj(i -> "key" + i)
                .filter(key -> Slots.shardOf(Slots.of(key), SHARDS) == shard).findFirst().orElseThrow();
    }

    /** A client of some shard, and its id: which one takes a connection is chance. */
    private record Waiting(RespClient client, long id, int home) {
        static Waiting on(StoreFixture.Server server, boolean dying) {
            for (int tries = 0; tries < 1_000; tries++) {
                RespClient client = server.connect();
                long id = Long.parseLong(client.call("CLIENT", "ID").substring(1));
                int home = Math.floorMod(id, SHARDS);
                if (home == DYING == dying) {
                    return new Waiting(client, id, home);
                }
                client.close();
            }
            throw new AssertionError("no connection came to such a shard");
        }
    }

    @Test
    void whoWaitsForItsKeysOrFromItWaitsNoMore() {
        StoreFixture.Server server = fixture.serve(StoreFixture.config());
        Waiting there = Waiting.on(server, false);
        Waiting from = Waiting.on(server, true);
        there.client.send("BLPOP", keyOn(DYING), "0");
        from.client.send("BLPOP", keyOn(0), "0");
        StoreFixture.await("both wait", () -> places(0) == 1 && places(DYING) == 1);
        kill();
        StoreFixture.await("the client of a live shard is closed",
                () -> fixture.servers().on(there.home, _ -> parts.part(there.home).client(there.id) == null).join());
        StoreFixture.await("nobody waits for a live shard's key", () -> places(0) == 0);
        there.client.close();
        from.client.close();
    }

    private int places(int shard) {
        return fixture.servers().on(shard, _ -> parts.part(shard).waiting().places()).join();
    }
}
