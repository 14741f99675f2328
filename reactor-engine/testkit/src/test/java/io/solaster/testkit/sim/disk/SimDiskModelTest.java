package io.solaster.testkit.sim.disk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.file.OpenMode;
import io.solaster.engine.file.ShardFile;
import io.solaster.engine.file.ShardFiles;
import io.solaster.testkit.sim.disk.SimDisk.Effect;
import org.junit.jupiter.api.Test;

/**
 * Whatever is done to a disk, and in whatever moment it loses its power: what was synced is there, and the rest is something
 * that was written, or nothing. Files are written by whole sectors, each full of a number of its own.
 */
final class SimDiskModelTest {
    private static final int SECTOR = 512;
    private static final int SECTORS = 32;
    private static final int SEEDS = 60;
    private static final Path DATA = Path.of("/data");

    private final VirtualTime time = new VirtualTime();
    private SplittableRandom random = new SplittableRandom();
    private SimDisk disk = new SimDisk(random, time);
    private ShardFiles files = VirtualTime.files(time, disk, 64);
    /** By number: what may be found of a file. */
    private final Map<Integer, Model> models = new HashMap<>();
    /** The numbers of files by the names that they have for certain; of those that may have one or not, none. */
    private final TreeMap<String, Integer> certain = new TreeMap<>();
    private final TreeMap<String, Integer> names = new TreeMap<>();
    private int stamp;

    /** What may be found in each sector. */
    private static final class Model {
        final List<Set<Integer>> possible = new ArrayList<>();
        final int[] latest = new int[SECTORS];

        Model() {
            for (int i = 0; i < SECTORS; i++) {
                possible.add(new TreeSet<>(Set.of(0)));
            }
        }
    }

    @Test
    void keepsItsPromises() throws Exception {
        long lost = 0;
        long torn = 0;
        for (int seed = 0; seed < SEEDS; seed++) {
            random = new SplittableRandom(seed);
            disk = new SimDisk(random.split(), time);
            files = VirtualTime.files(time, disk, 64);
            models.clear();
            certain.clear();
            await(files.createDirectories(DATA));
            await(files.syncDirectory(Path.of("/")));
            for (int life = 0; life < 4; life++) {
                disk.set(DiskFaults.NONE.jittered(Duration.ofNanos(random.nextInt(2) * 100_000L)));
                live();
                disk.crash();
                disk.set(DiskFaults.NONE);
                check("seed " + seed + ", life " + life);
            }
            lost += disk.count(Effect.LOST_WRITES);
            torn += disk.count(Effect.TORN_WRITES);
        }
        assertThat(lost).isPositive();
        assertThat(torn).isPositive();
    }

    private void live() throws Exception {
        names.clear();
        names.putAll(certain);
        Map<Integer, ShardFile> open = new TreeMap<>();
        for (Map.Entry<String, Integer> each : names.entrySet()) {
            open.put(each.getValue(), await(files.open(DATA.resolve(each.getKey()), OpenMode.WRITE)));
        }
        int steps = 5 + random.nextInt(60);
        for (int i = 0; i < steps; i++) {
            switch (random.nextInt(8)) {
                case 0 -> create(open);
                case 1 -> rename();
                case 2 -> {
                    await(files.syncDirectory(DATA));
                    certain.clear();
                    certain.putAll(names);
                }
                case 3 -> sync(open);
                default -> write(open, random.nextInt(4) == 0);
            }
        }
    }

    private void create(Map<Integer, ShardFile> open) throws Exception {
        String name = "file-" + models.size();
        int number = models.size();
        models.put(number, new Model());
        open.put(number, await(files.open(DATA.resolve(name), OpenMode.CREATE_NEW)));
        names.put(name, number);
    }

    private void rename() throws Exception {
        if (names.isEmpty()) {
            return;
        }
        String from = new ArrayList<>(names.keySet()).get(random.nextInt(names.size()));
        String to = from + "+";
        await(files.rename(DATA.resolve(from), DATA.resolve(to)));
        names.put(to, names.remove(from));
        certain.remove(from);
        certain.remove(to);
    }

    private void sync(Map<Integer, ShardFile> open) throws Exception {
        for (Map.Entry<Integer, ShardFile> each : open.entrySet()) {
            if (random.nextBoolean()) {
                Model model = models.get(each.getKey());
                await(each.getValue().sync());
                for (int sector = 0; sector < SECTORS; sector++) {
                    model.possible.get(sector).clear();
                    model.possible.get(sector).add(model.latest[sector]);
                }
            }
        }
    }

    private void write(Map<Integer, ShardFile> open, boolean isLeft) throws Exception {
        if (open.isEmpty()) {
            return;
        }
        int number = new ArrayList<>(open.keySet()).get(random.nextInt(open.size()));
        Model model = models.get(number);
        int first = random.nextInt(SECTORS);
        int count = 1 + random.nextInt(Math.min(6, SECTORS - first));
        ByteBuf bytes = Unpooled.buffer();
        stamp++;
        for (int i = 0; i < count * SECTOR / Integer.BYTES; i++) {
            bytes.writeInt(stamp);
        }
        for (int sector = first; sector < first + count; sector++) {
            model.possible.get(sector).add(stamp);
            model.latest[sector] = stamp;
        }
        CompletableFuture<?> written = open.get(number).write(bytes, (long) first * SECTOR);
        if (isLeft) {
            // Under way when the power fails, or soon done; nothing is written behind it.
            open.remove(number);
        } else {
            await(written);
        }
    }

    private void check(String when) throws Exception {
        List<String> found = await(files.list(DATA));
        assertThat(found).as(when).containsAll(certain.keySet());
        certain.clear();
        for (String name : found) {
            int number = Integer.parseInt(name.replace("+", "").substring("file-".length()));
            Model model = models.get(number);
            ShardFile file = await(files.open(DATA.resolve(name), OpenMode.READ));
            ByteBuf bytes = Unpooled.buffer().writeZero(SECTORS * SECTOR).writerIndex(0);
            await(file.read(bytes, 0));
            await(file.close());
            bytes.writerIndex(SECTORS * SECTOR);
            for (int sector = 0; sector < SECTORS; sector++) {
                int value = bytes.getInt(sector * SECTOR);
                assertThat(value).as("%s: %s, sector %d", when, name, sector).isIn(model.possible.get(sector));
                for (int at = 0; at < SECTOR; at += Integer.BYTES) {
                    assertThat(bytes.getInt(sector * SECTOR + at)).isEqualTo(value);
                }
                // What has survived a crash is on the disk.
                model.possible.get(sector).clear();
                model.possible.get(sector).add(value);
                model.latest[sector] = value;
            }
            certain.put(name, number);
        }
    }

    private <T> T await(CompletableFuture<T> future) throws Exception {
        return time.await(future);
    }
}
