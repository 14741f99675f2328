package io.solaster.store.shard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.Shard;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.StoreFixture;
import io.solaster.store.shard.Command.Doc;
import io.solaster.store.shard.Command.Flag;
import io.solaster.store.shard.Command.Keys;
import io.solaster.store.shard.Command.Route;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A transaction ends, gives its keys back and is answered, whatever its command does. */
class TransactionEndTest {
    private static final int SHARDS = 2;

    private final StoreFixture fixture = StoreFixture.of(SHARDS);
    private final Parts parts = StoreFixture.parts(fixture.store());

    private static Command command(Spread spread) {
        return new Command(0, "test", -1, Set.of(Flag.WRITE), Set.of(), Keys.NONE, Route.EVERY_SHARD, spread, _ -> {},
                new Doc("", "", "", "", List.of(), List.of()), Map.of());
    }

    /** Runs a command on every shard, with so many arguments, from one of them; what it answers. */
    private String run(int from, int arguments, Spread spread) {
        CompletableFuture<String> answer = new CompletableFuture<>();
        fixture.servers().on(from, _ -> {
            StoreShard home = parts.part(from);
            Transaction transaction = new Transaction(home);
            transaction.begin(command(spread), 0, new Transaction.Waiter() {
                @Override
                public void concluded() {
                    ByteBuf reply = Unpooled.directBuffer();
                    try {
                        ReplyWriter writer = home.call().reply();
                        writer.to(reply);
                        transaction.write(writer);
                        writer.finish();
                        transaction.close();
                        answer.complete(reply.toString(java.nio.charset.StandardCharsets.US_ASCII));
                    } catch (Throwable failure) {
                        answer.completeExceptionally(failure);
                    } finally {
                        reply.release();
                    }
                }

                @Override
                public void abandoned() {
                    answer.completeExceptionally(new IllegalStateException("it was abandoned"));
                }
            });
            transaction.everyShard();
            ByteBuf argument = Unpooled.directBuffer().writeBytes(new byte[]{'x'});
            try {
                for (int i = 0; i < arguments; i++) {
                    transaction.argument(Memory.address(argument), 1);
                }
            } finally {
                argument.release();
            }
            transaction.run(null, 1 << 20);
            return true;
        }).join();
        return answer.orTimeout(1, java.util.concurrent.TimeUnit.MINUTES).join();
    }

    private boolean areKeysFree() {
        return IntStream.range(0, SHARDS)
                .allMatch(shard -> fixture.servers().on(shard, _ -> parts.part(shard).locks().isFree()).join());
    }

    @Test
    void whatIsThrownBetweenTwoHopsEndsIt() {
        Logger logger = (Logger) LoggerFactory.getLogger(StoreShard.class);
        logger.setLevel(Level.OFF);
        try {
            AtomicInteger hops = new AtomicInteger();
            Spread failing = new Spread() {
                @Override
                public int hops() {
                    return 2;
                }

                @Override
                public void run(CommandCall call, Values values, int hop) {
                    hops.incrementAndGet();
                }

                @Override
                public boolean goesOn(Transaction transaction, int hop) {
                    throw new OutOfMemoryError("of this test");
                }

                @Override
                public boolean conclude(Transaction transaction, ReplyWriter reply) {
                    reply.ok();
                    return true;
                }
            };
            for (int from = 0; from < SHARDS; from++) {
                hops.set(0);
                long before = failures();
                assertThat(run(from, 1, failing)).isEqualTo("-OOM command not allowed: of this test\r\n");
                assertThat(hops).hasValue(SHARDS);
                assertThat(failures()).isEqualTo(before + 1);
                StoreFixture.await("the keys are free", this::areKeysFree);
            }
        } finally {
            logger.setLevel(null);
        }
    }

    /** Where a turn has no time left once all arguments are at hand. */
    @Test
    void veryManyKeysTakeNoMoreTurnsThanSome() {
        AtomicInteger turns = new AtomicInteger();
        Spread slow = new Spread() {
            @Override
            public void run(CommandCall call, Values values, int hop) {
                StoreFixture.await("the turn is used up", Shard::needPreempt);
                turns.incrementAndGet();
                for (int i = (int) Math.max(1, call.cursor()); i < call.count(); i++) {
                    if (call.isToYield()) {
                        call.goOn(i);
                        return;
                    }
                    values.number(values.number() + 1);
                }
            }

            @Override
            public boolean conclude(Transaction transaction, ReplyWriter reply) {
                reply.integer(transaction.sum());
                return true;
            }
        };
        assertThat(run(0, 60_001, slow)).isEqualTo(":" + 60_000 * SHARDS + "\r\n");
        assertThat(turns.get()).isLessThanOrEqualTo(SHARDS * 65);
    }

    private long failures() {
        return IntStream.range(0, SHARDS)
                .mapToLong(shard -> fixture.servers().on(shard, _ -> parts.part(shard).stats().failures.get()).join())
                .sum();
    }
}
