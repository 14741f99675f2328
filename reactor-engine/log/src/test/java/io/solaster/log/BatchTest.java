package io.solaster.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.junit.jupiter.api.Test;

final class BatchTest {
    private static final int CAPACITY = 1 << 20;

    private static void add(Batch batch, long sequence, int bytes) {
        ByteBuf payload = Logs.bytes("x".repeat(bytes));
        batch.add(sequence, 0, Logs.KIND, payload, bytes);
    }

    /** Within the allocator a virtual thread may wait, and let others of its shard append amid a record. */
    @Test
    void asksTheAllocatorForMoreOnlyWhenNothingIsAddedAnyMore() {
        Batch batch = new Batch(CAPACITY, 1);
        batch.begin(1, 0);
        for (int i = 1; i <= 900; i++) {
            add(batch, i, 1000);
        }
        assertThat(batch.bytes().isDirect()).isFalse();
        byte[] before = ByteBufUtil.getBytes(batch.bytes());
        batch.settle();
        assertThat(batch.bytes().isDirect()).isTrue();
        assertThat(ByteBufUtil.getBytes(batch.bytes())).isEqualTo(before);
        assertThat(batch.last()).isEqualTo(900);
        batch.begin(901, 0);
        for (int i = 1; i <= 900; i++) {
            add(batch, 900 + i, 1000);
        }
        assertThat(batch.bytes().isDirect()).as("as large as before, it need not grow").isTrue();
        batch.release();
    }

    @Test
    void givesAllBackWhereItEndsUnwritten() {
        Batch batch = new Batch(CAPACITY, 1);
        batch.begin(1, 0);
        ByteBuf first = batch.bytes();
        for (int i = 1; i <= 200; i++) {
            add(batch, i, 1000);
        }
        assertThat(batch.bytes()).isNotSameAs(first);
        batch.release();
        assertThat(first.refCnt()).isZero();
        assertThat(batch.bytes().refCnt()).isZero();
        batch.settle();
        assertThat(batch.bytes().refCnt()).isZero();
    }
}
