package io.solaster.log.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is found wrong in files, and what is not. */
final class SegmentDamageTest {
    private static final long SALT = 0x1234_5678_9ABC_DEFL;
    private static final int[] PAYLOADS = {100, 3, 50, 0, 0};
    @TempDir
    Path directory;
    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve(LogNames.segment(1));
    }

    private static byte[] header(int version, int shard, long first, long oldest) {
        ByteBuf page = ByteBufAllocator.DEFAULT.directBuffer(SegmentHeader.DATA);
        new SegmentHeader(version, shard, 1, first, oldest, SALT, 5, 0, 0).write(page);
        return taken(page);
    }

    private static byte[] taken(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        buffer.release();
        return bytes;
    }

    static byte[] record(long sequence, int kind, long salt, byte... payload) {
        int length = Records.HEADER + payload.length;
        ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(Records.padded(length));
        buffer.writeZero(Records.padded(length));
        buffer.setBytes(Records.HEADER, payload);
        Records.seal(buffer, buffer.nioBuffer(0, buffer.capacity()), new CRC32C(), 0, length, sequence, 0, kind, salt);
        return taken(buffer);
    }

    private static byte[] mark(long next, long synced) {
        return record(next, Records.MARK, SALT,
                ByteBuffer.allocate(8).order(java.nio.ByteOrder.LITTLE_ENDIAN).putLong(synced).array());
    }

    private static byte[] join(byte[]... parts) {
        ByteBuffer all = ByteBuffer.allocate(Arrays.stream(parts).mapToInt(each -> each.length).sum());
        for (byte[] each : parts) {
            all.put(each);
        }
        return all.array();
    }

    private LogScan.Found scan(List<Long> found) throws Exception {
        return new LogScan(directory, new PathSegments(), 0, 1)
                .run((sequence, epoch, kind, payload) -> found.add(sequence));
    }

    private void isDamaged(String what) {
        assertThatExceptionOfType(Damage.class).isThrownBy(() -> scan(new ArrayList<>())).withMessageContaining(what);
    }

    /** Records 1 to 3 in one write, 4 and 5 in the next. */
    private byte[] five(boolean synced) {
        return join(header(1, 0, 1, 1), mark(1, 0), record(1, 1, SALT, new byte[100]), record(2, 1, SALT, new byte[3]),
                record(3, 1, SALT, new byte[50]), mark(4, synced ? 3 : 0), record(4, 1, SALT), record(5, 1, SALT));
    }

    private static int at(int record) {
        int[] lengths = {40, 136, 40, 88, 40, 32};
        int place = SegmentHeader.DATA;
        int[] index = {0, 1, 2, 3, 5, 6};
        for (int i = 0; i < index[record]; i++) {
            place += lengths[i];
        }
        return place;
    }

    @Test
    void whatIsWholeIsRead() throws Exception {
        Files.write(file, join(five(true), new byte[5_000]));
        List<Long> found = new ArrayList<>();
        LogScan.Found all = scan(found);
        assertThat(found).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(all.next()).isEqualTo(6);
        assertThat(all.tail()).isNull();
        assertThat(all.end()).isEqualTo(five(true).length);
    }

    @Test
    void aRecordThatNothingTellsToBeSyncedIsCutWithWhatFollows() throws Exception {
        byte[] bytes = five(false);
        bytes[at(2) + 33] ^= 1;
        Files.write(file, bytes);
        List<Long> found = new ArrayList<>();
        LogScan.Found all = scan(found);
        assertThat(found).containsExactly(1L);
        assertThat(all.end()).isEqualTo(at(2));
        assertThat(all.tail().records()).isEqualTo(3);
        assertThat(all.tail().bytes()).isEqualTo(bytes.length - at(2));
    }

    @Test
    void aRecordThatALaterMarkTellsToBeSyncedIsDamage() throws Exception {
        byte[] bytes = five(true);
        bytes[at(2) + 33] ^= 1;
        Files.write(file, bytes);
        isDamaged(file + ", at byte " + at(2) + ": record 2 is damaged");
    }

    @Test
    void damageBeforeANewerSegmentStopsTheStart() throws Exception {
        byte[] bytes = five(false);
        bytes[at(5) + 20] ^= 1;
        Files.write(file, bytes);
        Files.write(directory.resolve(LogNames.segment(6)), header(1, 0, 6, 1));
        isDamaged(file + ", at byte " + at(5) + ": record 5 is damaged");
    }

    @Test
    void aMissingSegmentIsNamed() throws Exception {
        Files.write(file, five(true));
        Files.write(directory.resolve(LogNames.segment(9)), header(1, 0, 9, 1));
        isDamaged("begins with record 9, and " + LogNames.segment(1)
                + " ends before record 6: what is between is missing");
        Files.delete(file);
        isDamaged("keeps records from 1 on, and the first segment begins with 9");
    }

    @Test
    void segmentsThatTheLogHasLetGoOfAreNoPartOfIt() throws Exception {
        Files.write(file, new byte[10]);
        Files.write(directory.resolve(LogNames.segment(6)), header(1, 0, 6, 6));
        LogScan.Found all = scan(new ArrayList<>());
        assertThat(all.outdated()).containsExactly(file);
        assertThat(all.next()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 63, 64, 4096, 100_000})
    void aNewestSegmentThatWasNeverFinishedIsATornTail(int length) throws Exception {
        Files.write(file, five(true));
        byte[] torn = new byte[length];
        System.arraycopy(header(1, 0, 6, 1), 0, torn, 0, Math.min(length, 20));
        Files.write(directory.resolve(LogNames.segment(6)), torn);
        LogScan.Found all = scan(new ArrayList<>());
        assertThat(all.unborn()).hasFileName(LogNames.segment(6));
        assertThat(all.next()).isEqualTo(6);
    }

    @Test
    void aDamagedHeaderBeforeRecordsStopsTheStart() throws Exception {
        byte[] bytes = five(true);
        bytes[30] ^= 1;
        Files.write(file, bytes);
        isDamaged(file + ", at byte 0: the segment's header is damaged");
    }

    @Test
    void aNewerVersionIsRefusedByName() throws Exception {
        Files.write(file, header(3, 0, 1, 1));
        isDamaged("version 3 of the format; this reads versions up to 2");
    }

    @Test
    void whatBelongsElsewhereIsNamed() throws Exception {
        Files.write(file, header(1, 3, 1, 1));
        isDamaged("a segment of shard 3, not of 0");
        Files.write(file, header(1, 0, 2, 1));
        isDamaged("it was renamed");
        Files.delete(file);
        Files.write(directory.resolve("x.log"), header(1, 0, 1, 1));
        isDamaged("no name of a segment");
    }

    @Test
    void aRecordOutOfOrderIsDamage() throws Exception {
        Files.write(file, join(header(1, 0, 1, 1), record(1, 1, SALT), record(3, 1, SALT)));
        isDamaged("record 3 of epoch 0 stands where record 2 of epoch 0 or later belongs");
    }

    @Test
    void aPayloadThatHoldsALogIsNoProof() throws Exception {
        // Whoever fills payloads does not know the salt.
        byte[] inner = join(record(9, 1, ~SALT), record(2, Records.MARK, ~SALT, new byte[]{127, 0, 0, 0, 0, 0, 0, 0}));
        byte[] bytes = join(header(1, 0, 1, 1), record(1, 1, SALT), record(2, 1, SALT, inner));
        bytes[SegmentHeader.DATA + 32 + 1] ^= 1;
        Files.write(file, bytes);
        LogScan.Found all = scan(new ArrayList<>());
        assertThat(all.next()).isEqualTo(2);
        assertThat(all.tail().records()).isZero();
    }

    @Test
    void aLengthOfGigabytesTakesNoMemory() throws Exception {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write(header(1, 0, 1, 1));
            byte[] huge = record(1, 1, SALT);
            ByteBuffer.wrap(huge).order(java.nio.ByteOrder.LITTLE_ENDIAN).putInt(4, Integer.MAX_VALUE);
            for (int i = 0; i < 100; i++) {
                sparse.write(huge);
            }
        }
        LogScan.Found all = scan(new ArrayList<>());
        assertThat(all.next()).isEqualTo(1);
        assertThat(all.tail().bytes()).isPositive();
    }

    /** The model: what was written, up to the first byte that differs. */
    @Test
    void whateverBecomesOfTheBytesNothingElseIsRead() {
        byte[] whole = five(true);
        Property.check(42, 600, draw -> {
            byte[] bytes = harmed(draw, whole);
            Files.write(file, bytes);
            int same = Arrays.mismatch(checked(bytes), checked(whole));
            List<Long> found = new ArrayList<>();
            try {
                LogScan.Found all = scan(found);
                assertThat(all.next()).isBetween(1L, 6L);
            } catch (Damage named) {
                assertThat(named).hasMessageContaining(String.valueOf(directory));
            }
            for (int record = 1; record <= found.size(); record++) {
                assertThat(found.get(record - 1)).isEqualTo(record);
                int end = at(record) + Records.HEADER + PAYLOADS[record - 1];
                assertThat(same < 0 || same >= end).as("record %d, bytes differ at %d", record, same).isTrue();
            }
        });
    }

    /** Nothing is between a header and the records, and nothing that matters between a record and the next one. */
    private static byte[] checked(byte[] bytes) {
        byte[] copy = bytes.clone();
        blank(copy, SegmentHeader.BYTES, SegmentHeader.DATA);
        for (int record = 1; record <= PAYLOADS.length; record++) {
            int length = Records.HEADER + PAYLOADS[record - 1];
            blank(copy, at(record) + length, at(record) + Records.padded(length));
        }
        return copy;
    }

    private static void blank(byte[] bytes, int from, int to) {
        if (from < bytes.length) {
            Arrays.fill(bytes, from, Math.min(bytes.length, to), (byte) 0);
        }
    }

    private static byte[] harmed(Draw draw, byte[] whole) {
        byte[] bytes = whole.clone();
        switch (draw.nextInt(5)) {
            case 0 -> bytes[draw.nextInt(bytes.length)] ^= (byte) (1 << draw.nextInt(8));
            case 1 -> bytes = Arrays.copyOf(bytes, draw.nextInt(bytes.length + 100));
            case 2 -> {
                int from = draw.nextInt(bytes.length);
                Arrays.fill(bytes, from, Math.min(bytes.length, from + 1 + draw.nextInt(600)), (byte) 0);
            }
            case 3 -> {
                int from = SegmentHeader.DATA + draw.nextInt(bytes.length - SegmentHeader.DATA);
                byte[] drawn = new byte[bytes.length - from];
                draw.nextBytes(drawn);
                System.arraycopy(drawn, 0, bytes, from, drawn.length);
            }
            default -> {
                bytes = new byte[draw.nextInt(10_000)];
                draw.nextBytes(bytes);
            }
        }
        return bytes;
    }
}
