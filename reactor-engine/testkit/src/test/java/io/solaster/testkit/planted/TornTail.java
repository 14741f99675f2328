package io.solaster.testkit.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

import io.solaster.testkit.check.Deliveries;
import io.solaster.testkit.gen.Draw;

/** A log of records that survives a crash. Wrong: it trusts what lies behind the last sync. */
final class TornTail {
    private static final int HEAD = 8;

    private final boolean bug;
    private final List<Integer> records = new ArrayList<>();
    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private int syncedBytes;
    private int syncedRecords;

    private TornTail(byte[] disk, boolean bug) {
        this.bug = bug;
        ByteBuffer bytes = ByteBuffer.wrap(disk);
        while (bytes.remaining() > HEAD) {
            int length = bytes.getInt();
            int sum = bytes.getInt();
            if (length < 4 || length > bytes.remaining()
                    || !bug && sum != sum(disk, bytes.position(), length)) {
                break;
            }
            append(bytes.getInt(), length);
            bytes.position(bytes.position() + length - 4);
        }
        sync();
    }

    static void run(World world, boolean bug) {
        Draw draw = world.draw();
        List<Integer> appended = new ArrayList<>();
        byte[][] disk = {{}};
        draw.repeat(3, crash -> {
            TornTail log = new TornTail(disk[0], bug);
            draw.repeat(5, i -> {
                appended.add(100 * (crash + 1) + i);
                log.append(appended.getLast(), 4 + draw.nextInt(30));
                if (draw.oneIn(3)) {
                    log.sync();
                }
            });
            List<Integer> promised = log.records.subList(0, log.syncedRecords);
            disk[0] = log.torn(draw);
            List<Integer> recovered = new TornTail(disk[0], bug).records;
            assertThat(Deliveries.lost(promised, recovered)).as("synced, and lost").isEmpty();
            assertThat(Deliveries.invented(appended, recovered)).as("never appended").isEmpty();
        });
    }

    private void append(int value, int length) {
        byte[] body = Arrays.copyOf(ByteBuffer.allocate(4).putInt(value).array(), length);
        file.writeBytes(ByteBuffer.allocate(HEAD).putInt(length).putInt(sum(body, 0, length)).array());
        file.writeBytes(body);
        records.add(value);
    }

    private void sync() {
        syncedBytes = file.size();
        syncedRecords = records.size();
    }

    /** What a disk may hold after a crash: all that was synced, of the rest a part, of that some never written. */
    private byte[] torn(Draw draw) {
        byte[] disk = Arrays.copyOf(file.toByteArray(), syncedBytes + draw.nextInt(file.size() - syncedBytes + 1));
        if (disk.length > syncedBytes && draw.nextBoolean()) {
            Arrays.fill(disk, syncedBytes + draw.nextInt(disk.length - syncedBytes), disk.length, (byte) 0);
        }
        return disk;
    }

    private static int sum(byte[] bytes, int from, int length) {
        CRC32C sum = new CRC32C();
        sum.update(bytes, from, length);
        return (int) sum.getValue();
    }
}
