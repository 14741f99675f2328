package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

import io.solaster.testkit.check.Deliveries;
import io.solaster.testkit.gen.Draw;

/** A log of records on a disk that crashes. Wrong: it trusts what lies behind the last sync. */
final class TornTail {
    private static final int HEAD = 8;

    private final boolean bug;
    private final Storage disk;
    private final List<Integer> records = new ArrayList<>();
    private int synced;

    private TornTail(Storage disk, boolean bug) {
        this.disk = disk;
        this.bug = bug;
        byte[] bytes = disk.read();
        ByteBuffer left = ByteBuffer.wrap(bytes);
        int whole = 0;
        while (left.remaining() > HEAD) {
            int length = left.getInt();
            int sum = left.getInt();
            if (length < Integer.BYTES || length > left.remaining()
                    || !bug && sum != sum(bytes, left.position(), length)) {
                break;
            }
            records.add(left.getInt(left.position()));
            left.position(left.position() + length);
            whole = left.position();
        }
        disk.truncate(whole);
        sync();
    }

    static void run(World world, boolean bug) {
        Draw draw = world.draw();
        Storage disk = new Storage(draw);
        List<Integer> appended = new ArrayList<>();
        draw.repeat(3, crash -> {
            TornTail log = new TornTail(disk, bug);
            draw.repeat(5, i -> {
                appended.add(100 * (crash + 1) + i);
                // Longer than a sector, so that one can be torn.
                log.append(appended.getLast(), Integer.BYTES + draw.nextInt(1_500));
                if (draw.oneIn(3)) {
                    log.sync();
                }
            });
            List<Integer> promised = List.copyOf(log.records.subList(0, log.synced));
            disk.crash();
            List<Integer> recovered = new TornTail(disk, bug).records;
            assertThat(Deliveries.lost(promised, recovered)).as("synced, and lost").isEmpty();
            assertThat(Deliveries.invented(appended, recovered)).as("never appended").isEmpty();
        });
    }

    private void append(int value, int length) {
        byte[] record = new byte[HEAD + length];
        ByteBuffer.wrap(record).putInt(length).putInt(0).putInt(value);
        ByteBuffer.wrap(record).putInt(Integer.BYTES, sum(record, HEAD, length));
        disk.append(record);
        records.add(value);
    }

    private void sync() {
        disk.sync();
        synced = records.size();
    }

    private static int sum(byte[] bytes, int from, int length) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, from, length);
        return (int) sum.getValue();
    }
}
