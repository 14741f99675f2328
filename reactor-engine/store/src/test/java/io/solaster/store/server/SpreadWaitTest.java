package io.solaster.store.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.resp.ReplyWriter;
import io.solaster.store.StoreFixture;
import io.solaster.store.command.CommandTable;
import io.solaster.store.server.BlockedCommand.Reason;
import io.solaster.store.shard.ByteStrings;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.CommandCall;
import io.solaster.store.shard.StoreShard;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A command over several shards that waits for its keys, and cannot be tried again. */
class SpreadWaitTest {
    private final StoreFixture fixture = StoreFixture.of(2);

    /** Somebody whose command is never begun again, for want of memory. */
    private static final class Owner implements SpreadWait.Owner {
        private final ByteBuf replies = Unpooled.directBuffer();
        private final ReplyWriter writer = new ReplyWriter();
        private final CompletableFuture<Throwable> failed = new CompletableFuture<>();
        private int tries;

        @Override
        public void tryAgain(Command command, ByteStrings arguments) {
            tries++;
            throw new OutOfMemoryError("of this test");
        }

        @Override
        public ReplyWriter reply() {
            writer.to(replies);
            return writer;
        }

        @Override
        public void ended(@Nullable Reason reason) {
            failed.completeExceptionally(new AssertionError("ended: " + reason));
        }

        @Override
        public void failed(Throwable failure) {
            failed.complete(failure);
        }

        @Override
        public void abandoned() {
            failed.completeExceptionally(new AssertionError("abandoned"));
        }
    }

    private static void begin(StoreShard shard, Owner owner) {
        String[] words = {"BLPOP", "one", "two", "three", "four", "0"};
        long[] at = new long[words.length];
        CommandCall call = shard.call();
        call.begin(words.length);
        for (int i = 0; i < words.length; i++) {
            byte[] bytes = words[i].getBytes(StandardCharsets.US_ASCII);
            at[i] = Memory.allocate(bytes.length);
            Memory.copy(bytes, 0, at[i], bytes.length);
            call.argument(i, at[i], bytes.length);
        }
        Command command = CommandTable.named("blpop");
        assertThat(command).isNotNull();
        SpreadWait wait = new SpreadWait(owner, shard, command, call);
        for (long each : at) {
            Memory.free(each);
        }
        wait.nothingFound(false);
    }

    @Test
    void endsWithAnErrorAndLeavesItsQueues() throws Exception {
        Owner owner = new Owner();
        boolean begun = fixture.servers().on(0, server -> {
            begin(server.part(), owner);
            return true;
        }).get(1, TimeUnit.MINUTES);
        assertThat(begun).isTrue();
        assertThat(owner.failed.get(1, TimeUnit.MINUTES)).isInstanceOf(OutOfMemoryError.class);
        for (int i = 0; i < 2; i++) {
            int shard = i;
            StoreFixture.await("no place is kept", () -> fixture.servers().on(shard,
                    server -> server.part().waiting().places()).join() == 0);
        }
        assertThat(fixture.servers().on(0, server -> owner.tries).get(1, TimeUnit.MINUTES)).isEqualTo(1);
        owner.replies.release();
    }
}
