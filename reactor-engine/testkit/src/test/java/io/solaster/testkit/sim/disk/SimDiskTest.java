package io.solaster.testkit.sim.disk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.file.DiskFullException;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import io.solaster.testkit.sim.disk.SimDisk.Effect;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Each fault happens, and is seen by what it does. */
final class SimDiskTest {
    private static final int SEEDS = 200;
    private static final int SECTOR = 512;
    private static final Path DATA = Path.of("/data");
    private static final Path LOG = DATA.resolve("log");

    /** A machine with a disk, and a directory on it that is there for certain. */
    private static final class Machine {
        final VirtualTime time = new VirtualTime();
        final SimDisk disk;
        final ShardFiles files;

        Machine(long seed) throws Exception {
            disk = new SimDisk(new SplittableRandom(seed), time);
            files = VirtualTime.files(time, disk, 64);
            await(files.createDirectories(DATA));
            await(files.syncDirectory(Path.of("/")));
        }

        <T extends @Nullable Object> T await(CompletableFuture<T> future) throws Exception {
            return time.await(future);
        }

        /** A file that is there for certain, with that content. */
        ShardFile synced(String content) throws Exception {
            ShardFile file = await(files.open(LOG, OpenMode.CREATE));
            await(files.syncDirectory(DATA));
            write(file, 0, content);
            await(file.sync());
            return file;
        }

        void write(ShardFile file, long position, String text) throws Exception {
            await(file.write(DiskContract.bytes(text), position));
        }

        String content(Path path) throws Exception {
            ShardFile file = await(files.open(path, OpenMode.READ));
            ByteBuf into = Unpooled.buffer();
            into.ensureWritable(await(file.size()).intValue());
            await(file.read(into, 0));
            await(file.close());
            return into.toString(StandardCharsets.ISO_8859_1);
        }
    }

    /** Something done with a machine. */
    private interface Scene {
        String play(Machine machine) throws Exception;
    }

    /** What comes of a scene with many seeds. */
    private static Set<String> outcomes(Scene scene) throws Exception {
        Set<String> outcomes = new TreeSet<>();
        for (int seed = 0; seed < SEEDS; seed++) {
            outcomes.add(scene.play(new Machine(seed)));
        }
        return outcomes;
    }

    @Test
    void keepsWhatWasSynced() throws Exception {
        assertThat(outcomes(machine -> {
            machine.synced("abc");
            machine.disk.crash();
            assertThat(machine.disk.openFiles()).isZero();
            return machine.content(LOG);
        })).containsExactly("abc");
    }

    @Test
    void losesOrKeepsWhatWasNotSynced() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            machine.write(file, 1, "xy");
            assertThat(machine.content(LOG)).isEqualTo("axy");
            machine.disk.crash();
            assertThat(machine.disk.count(Effect.KEPT_WRITES) + machine.disk.count(Effect.LOST_WRITES)).isEqualTo(1);
            return machine.content(LOG);
        })).containsExactly("abc", "axy");
    }

    @Test
    void leavesZerosWhereItLostWhatMadeTheFileLonger() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            machine.write(file, 3, "de");
            machine.disk.crash();
            return machine.content(LOG);
        })).containsExactly("abc", "abc\0\0", "abcde");
    }

    @Test
    void tearsAWriteAtSectors() throws Exception {
        String old = "a".repeat(3 * SECTOR);
        String young = "b".repeat(2 * SECTOR);
        Set<String> outcomes = outcomes(machine -> {
            ShardFile file = machine.synced(old);
            machine.write(file, SECTOR / 2, young);
            machine.disk.crash();
            return machine.content(LOG);
        });
        String whole = "a".repeat(SECTOR / 2) + young + "a".repeat(SECTOR / 2);
        // Three sectors, each there or not.
        assertThat(outcomes).hasSize(8).contains(old, whole)
                .allSatisfy(each -> {
                    for (int sector = 0; sector < 3; sector++) {
                        int from = sector * SECTOR;
                        assertThat(each.substring(from, from + SECTOR)).isIn(old.substring(from, from + SECTOR),
                                whole.substring(from, from + SECTOR));
                    }
                });
    }

    @Test
    void keepsALaterWriteWithoutAnEarlierOne() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("ab");
            machine.write(file, 0, "x");
            machine.write(file, 1, "y");
            machine.disk.crash();
            String content = machine.content(LOG);
            assertThat(machine.disk.count(Effect.REORDERED)).isEqualTo(content.equals("ay") ? 1 : 0);
            return content;
        })).containsExactly("ab", "ay", "xb", "xy");
    }

    @Test
    void drawsForWhatIsUnderWayToo() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            CompletableFuture<?> never = file.write(DiskContract.bytes("xyz"), 0);
            machine.disk.crash();
            while (machine.time.step()) {
                // All that is due.
            }
            assertThat(never).isNotDone();
            return machine.content(LOG);
        })).containsExactly("abc", "xyz");
    }

    @Test
    void letsGoOfWhatACrashLeftUnanswered() throws Exception {
        Machine machine = new Machine(1);
        ShardFile file = machine.synced("abc");
        ByteBuf bytes = DiskContract.bytes("xyz");
        CompletableFuture<?> never = file.write(bytes, 0);
        machine.disk.crash();
        assertThat(bytes.refCnt()).isOne();
        machine.disk.close();
        assertThat(bytes.refCnt()).isZero();
        assertThat(never).isCompletedExceptionally();
        assertThat(machine.content(LOG)).hasSize(3);
    }

    @Test
    void knowsNoFileThatWasOpenBefore() throws Exception {
        Machine machine = new Machine(1);
        ShardFile file = machine.synced("abc");
        machine.disk.crash();
        assertThatThrownBy(() -> machine.write(file, 0, "x")).isInstanceOf(IOException.class)
                .hasMessageContaining("open it anew");
        assertThatThrownBy(() -> machine.await(file.sync())).isInstanceOf(IOException.class);
        assertThat(machine.content(LOG)).isEqualTo("abc");
    }

    @Test
    void syncsNoWriteThatCameAfterIt() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            CompletableFuture<?> sync = file.sync();
            CompletableFuture<?> write = file.write(DiskContract.bytes("xyz"), 0);
            machine.await(CompletableFuture.allOf(sync, write));
            machine.disk.crash();
            return machine.content(LOG);
        })).containsExactly("abc", "xyz");
    }

    @Test
    void cutsOrDoesNot() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            machine.await(file.truncate(1));
            machine.disk.crash();
            return machine.content(LOG);
        })).containsExactly("a", "abc");
    }

    @Test
    void losesNamesUntilTheirDirectoryIsSynced() throws Exception {
        Scene scene = machine -> {
            ShardFile file = machine.await(machine.files.open(LOG, OpenMode.CREATE_NEW));
            machine.write(file, 0, "abc");
            machine.await(file.sync());
            machine.disk.crash();
            return machine.await(machine.files.list(DATA)).toString();
        };
        assertThat(outcomes(scene)).containsExactly("[]", "[log]");
        assertThat(outcomes(machine -> {
            machine.synced("abc");
            machine.await(machine.files.rename(LOG, DATA.resolve("old")));
            machine.disk.crash();
            assertThat(machine.disk.count(Effect.KEPT_NAMES) + machine.disk.count(Effect.LOST_NAMES)).isEqualTo(1);
            return machine.await(machine.files.list(DATA)).toString();
        })).containsExactly("[log]", "[old]");
        assertThat(outcomes(machine -> {
            machine.synced("abc");
            machine.await(machine.files.delete(LOG));
            machine.await(machine.files.syncDirectory(DATA));
            machine.disk.crash();
            return machine.await(machine.files.list(DATA)).toString();
        })).containsExactly("[]");
    }

    @Test
    void keepsANameWithoutTheContentThatWasNotSynced() throws Exception {
        Path next = DATA.resolve("next");
        assertThat(outcomes(machine -> {
            machine.synced("old");
            ShardFile file = machine.await(machine.files.open(next, OpenMode.CREATE));
            machine.write(file, 0, "new");
            machine.await(machine.files.rename(next, LOG));
            machine.await(machine.files.syncDirectory(DATA));
            machine.disk.crash();
            return machine.content(LOG);
        })).containsExactly("", "\0\0\0", "new");
    }

    @Test
    void syncsTogetherWhatIsOneStepInTwoDirectories() throws Exception {
        Path other = Path.of("/other");
        assertThat(outcomes(machine -> {
            machine.await(machine.files.createDirectories(other));
            machine.await(machine.files.syncDirectory(Path.of("/")));
            machine.synced("abc");
            machine.await(machine.files.rename(LOG, other.resolve("log")));
            machine.await(machine.files.syncDirectory(DATA));
            machine.disk.crash();
            return machine.await(machine.files.list(DATA)) + " " + machine.await(machine.files.list(other));
        })).containsExactly("[] [log]");
    }

    @Test
    void losesADirectoryWithAllThatIsInIt() throws Exception {
        Path below = DATA.resolve("below");
        assertThat(outcomes(machine -> {
            machine.await(machine.files.createDirectories(below));
            machine.await(machine.files.open(below.resolve("a"), OpenMode.CREATE));
            machine.await(machine.files.syncDirectory(below));
            machine.disk.crash();
            try {
                return machine.await(machine.files.list(below)).toString();
            } catch (NoSuchFileException gone) {
                return "gone";
            }
        })).containsExactly("[a]", "gone");
    }

    @Test
    void failsWithInputOutputErrors() throws Exception {
        Machine machine = new Machine(1);
        ShardFile file = machine.synced("abc");
        machine.disk.set(DiskFaults.NONE.withReadErrors(1));
        assertThatThrownBy(() -> machine.content(LOG)).isInstanceOf(IOException.class)
                .hasMessageContaining("Input/output error").hasMessageContaining(LOG.toString());
        machine.disk.set(DiskFaults.NONE.withWriteErrors(1));
        assertThatThrownBy(() -> machine.write(file, 0, "x")).isInstanceOf(IOException.class)
                .hasMessageStartingWith("/data/log: could not write 1 bytes at 0: Input/output error; ");
        assertThatThrownBy(() -> machine.await(machine.files.delete(LOG))).isInstanceOf(IOException.class);
        machine.disk.set(DiskFaults.NONE);
        assertThat(machine.content(LOG)).endsWith("bc");
        assertThat(machine.disk.count(Effect.ERRORS)).isEqualTo(3);
    }

    @Test
    void leavesAnyPartOfAWriteThatFailed() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            machine.disk.set(DiskFaults.NONE.withWriteErrors(1));
            assertThatThrownBy(() -> machine.write(file, 0, "xyz")).isInstanceOf(IOException.class);
            return machine.content(LOG);
        })).containsExactly("abc", "xbc", "xyc", "xyz");
    }

    @Test
    void forgetsWhatASyncFailedOnThoughTheNextOneSucceeds() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            machine.write(file, 0, "xyz");
            machine.disk.set(DiskFaults.NONE.withSyncErrors(1));
            assertThatThrownBy(() -> machine.await(file.sync())).isInstanceOf(IOException.class)
                    .hasMessageContaining("sync");
            machine.disk.set(DiskFaults.NONE);
            machine.await(file.sync());
            assertThat(machine.content(LOG)).isEqualTo("xyz");
            machine.disk.crash();
            return machine.content(LOG);
        })).containsExactly("abc", "xyz");
    }

    @Test
    void fillsUpInTheMiddleOfAWrite() throws Exception {
        Machine machine = new Machine(1);
        ShardFile file = machine.synced("a");
        machine.disk.capacity(2 * Content.PAGE);
        assertThatThrownBy(() -> machine.write(file, 1, "b".repeat(2 * Content.PAGE)))
                .isInstanceOf(DiskFullException.class).hasMessageContaining("No space left on device")
                .hasMessageContaining(LOG.toString());
        assertThat(machine.content(LOG)).isEqualTo("a" + "b".repeat(2 * Content.PAGE - 1));
        machine.write(file, 10, "c");
        assertThatThrownBy(() -> machine.await(file.preallocate(3 * Content.PAGE)))
                .isInstanceOf(DiskFullException.class);
        assertThat(machine.disk.count(Effect.FULL)).isEqualTo(2);
    }

    @Test
    void hasRoomAgainOnceAFileIsGoneAndNobodyHasItOpen() throws Exception {
        Machine machine = new Machine(1);
        ShardFile file = machine.synced("a");
        machine.disk.capacity(Content.PAGE);
        ShardFile other = machine.await(machine.files.open(DATA.resolve("other"), OpenMode.CREATE));
        assertThatThrownBy(() -> machine.write(other, 0, "b")).isInstanceOf(DiskFullException.class);
        machine.await(machine.files.delete(LOG));
        assertThatThrownBy(() -> machine.write(other, 0, "b")).isInstanceOf(DiskFullException.class);
        machine.await(file.close());
        machine.write(other, 0, "b");
        assertThat(machine.content(DATA.resolve("other"))).isEqualTo("b");
    }

    @Test
    void writesWithoutFailWhereRoomWasTaken() throws Exception {
        Machine machine = new Machine(1);
        ShardFile file = machine.synced("");
        machine.await(file.preallocate(10 * Content.PAGE));
        machine.disk.capacity(0);
        String all = "x".repeat(10 * Content.PAGE);
        machine.write(file, 0, all);
        assertThat(machine.content(LOG)).isEqualTo(all);
    }

    @Test
    void takesItsTime() throws Exception {
        Machine machine = new Machine(1);
        ShardFile file = machine.synced("abc");
        machine.disk.set(DiskFaults.NONE.delayed(Duration.ofMillis(3)));
        long before = machine.time.nanoTime();
        machine.await(file.sync());
        assertThat(machine.time.nanoTime() - before).isEqualTo(Duration.ofMillis(3).toNanos());
        machine.disk.set(DiskFaults.NONE.throttled(1_000));
        before = machine.time.nanoTime();
        machine.await(CompletableFuture.allOf(file.write(DiskContract.bytes("x".repeat(1_000)), 0),
                file.write(DiskContract.bytes("x".repeat(500)), 1_000)));
        assertThat(machine.time.nanoTime() - before).isEqualTo(Duration.ofMillis(1_500).toNanos());
        assertThat(machine.disk.count(Effect.DELAYED)).isGreaterThanOrEqualTo(3);
    }

    @Test
    void doesWhatIsUnderWayAtOnceInAnyOrder() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            machine.disk.set(DiskFaults.NONE.jittered(Duration.ofMillis(1)));
            machine.await(CompletableFuture.allOf(file.write(DiskContract.bytes("x"), 0),
                    file.write(DiskContract.bytes("y"), 0)));
            machine.disk.set(DiskFaults.NONE);
            return machine.content(LOG);
        })).containsExactly("xbc", "ybc");
    }

    @Test
    void flipsBits() throws Exception {
        Machine machine = new Machine(1);
        machine.synced("abc");
        machine.disk.set(DiskFaults.NONE.withFlips(1));
        assertThat(bitsThatDiffer("abc", machine.content(LOG))).isEqualTo(1);
        machine.disk.set(DiskFaults.NONE);
        assertThat(machine.content(LOG)).isEqualTo("abc");
        machine.disk.flipBit(LOG, 1);
        machine.disk.crash();
        assertThat(bitsThatDiffer("abc", machine.content(LOG))).isEqualTo(1);
        assertThat(machine.disk.count(Effect.FLIPPED_BITS)).isEqualTo(2);
        assertThatThrownBy(() -> machine.disk.flipBit(LOG, 3)).isInstanceOf(IllegalArgumentException.class);
    }

    private static int bitsThatDiffer(String one, String other) {
        int bits = 0;
        for (int i = 0; i < one.length(); i++) {
            bits += Integer.bitCount(one.charAt(i) ^ other.charAt(i));
        }
        return bits;
    }

    @Test
    void losesNothingThatWasDoneWhereTheProcessAloneEnds() throws Exception {
        assertThat(outcomes(machine -> {
            ShardFile file = machine.synced("abc");
            machine.write(file, 0, "x");
            CompletableFuture<?> never = file.write(DiskContract.bytes("z"), 2);
            machine.disk.kill();
            while (machine.time.step()) {
                // All that is due.
            }
            assertThat(never).isNotDone();
            return machine.content(LOG);
        })).containsExactly("xbc", "xbz");
    }

    @Test
    void doesTheSameWithTheSameSeed() throws Exception {
        List<String> once = new ArrayList<>();
        List<String> again = new ArrayList<>();
        for (List<String> runs : List.of(once, again)) {
            for (int seed = 0; seed < 20; seed++) {
                Machine machine = new Machine(seed);
                ShardFile file = machine.synced("abc");
                machine.disk.set(new DiskFaults(Duration.ofMillis(1), Duration.ofMillis(5), 1 << 20, 0, 0, 0, 0.1));
                List<CompletableFuture<?>> all = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    all.add(file.write(DiskContract.bytes(("" + i).repeat(400)), i * 300L));
                }
                machine.await(CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new)));
                machine.disk.crash();
                runs.add(machine.time.nanoTime() + machine.content(LOG));
            }
        }
        assertThat(again).isEqualTo(once).doesNotHaveDuplicates();
    }
}
