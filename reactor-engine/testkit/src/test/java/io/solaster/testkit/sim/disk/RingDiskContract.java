package io.solaster.testkit.sim.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.config.EngineConfig;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import org.junit.jupiter.api.Test;

/** The machine's files by a ring of the shard, whichever. */
abstract class RingDiskContract extends MachineDiskContract {

    RingDiskContract(EngineConfig.Transport transport) {
        super(transport);
    }

    @Test
    void movesPartsOfAllKindsInEitherDirection() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        for (int parts : new int[]{2, 1_024, 3_000}) {
            CompositeByteBuf from = Unpooled.compositeBuffer(parts);
            CompositeByteBuf into = Unpooled.compositeBuffer(parts);
            for (int i = 0; i < parts; i++) {
                byte[] bytes = {(byte) i, (byte) (i >> 8), 'x'};
                from.addComponent(true, Unpooled.directBuffer(3).writeBytes(bytes));
                into.addComponent(Unpooled.directBuffer(3).writeZero(3));
            }
            byte[] expected = new byte[3 * parts];
            from.getBytes(0, expected);
            call(() -> file.write(from, 7));
            assertThat(from.refCnt()).isZero();
            assertThat(call(() -> file.read(into, 7))).isEqualTo(3 * parts);
            byte[] found = new byte[3 * parts];
            into.readBytes(found);
            assertThat(found).isEqualTo(expected);
            into.release();
        }
        call(file::close);
    }

    @Test
    void endsAnErrorOfTheKernelByName() throws Exception {
        ShardFile file = call(() -> files().open(Path.of("/proc/self/mem"), OpenMode.READ));
        ByteBuf into = Unpooled.directBuffer(10);
        assertThatThrownBy(() -> call(() -> file.read(into, 0)))
                .hasMessageContaining("/proc/self/mem: could not read 10 bytes at 0: Input/output error; ");
        into.release();
        call(file::close);
    }

    @Test
    void keepsNoOrderAndLosesNothingWhereMuchIsUnderWay() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        int blocks = 500;
        call(() -> {
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int i = 0; i < blocks; i++) {
                all.add(file.write(Unpooled.directBuffer(1_000).writeBytes(new byte[996]).writeInt(i), 1_000L * i));
                if (i % 100 == 0) {
                    all.add(file.sync());
                }
            }
            return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new));
        });
        for (int i = 0; i < blocks; i++) {
            assertThat(Unpooled.copiedBuffer(read(file, 1_000L * i + 996, 4), StandardCharsets.ISO_8859_1).readInt())
                    .isEqualTo(i);
        }
        call(file::close);
    }

    @Test
    void endsWhatIsUnderWayWhenTheEngineEnds() throws Exception {
        ShardFile file = open("a", OpenMode.CREATE);
        List<ByteBuf> buffers = new ArrayList<>();
        List<CompletableFuture<?>> all = new ArrayList<>();
        call(() -> {
            for (int i = 0; i < most(); i++) {
                ByteBuf written = Unpooled.directBuffer(8_000).writeZero(8_000);
                buffers.add(written);
                all.add(i % 50 == 0 ? file.sync() : file.write(written, 8_000L * i));
                if (i % 50 == 0) {
                    written.release();
                }
            }
            // Which the threads off the shards would never be given.
            assertThat(stats().atDisk.get()).isEqualTo(96);
            return CompletableFuture.completedFuture(null);
        });
        stop();
        assertThat(all).allMatch(CompletableFuture::isDone);
        for (CompletableFuture<?> each : all) {
            if (each.isCompletedExceptionally()) {
                assertThat(each.exceptionNow()).isInstanceOf(RejectedExecutionException.class);
            }
        }
        assertThat(buffers).allMatch(each -> each.refCnt() == 0);
    }
}
