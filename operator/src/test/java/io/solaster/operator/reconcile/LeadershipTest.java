package io.solaster.operator.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One leads at a time, whatever their clocks say; time is put forward by hand. */
class LeadershipTest {
    private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private final MemoryApi api = new MemoryApi(1000);
    private final KubernetesClient client = api.client("test");
    /** Runs alike for all of them, as clocks do that are never set. */
    private final AtomicLong nanos = new AtomicLong(1);
    private final List<String> lost = new ArrayList<>();
    private final List<Leadership> all = new ArrayList<>();

    private Leadership operator(String name, Duration ahead) {
        Leadership made = new Leadership(client, "shop", name,
                () -> NOW.plus(ahead).plusNanos(nanos.get()), nanos::get, () -> {}, () -> lost.add(name));
        all.add(made);
        return made;
    }

    @AfterEach
    void stop() {
        api.failing(exchange -> null);
        all.forEach(Leadership::close);
        client.close();
        api.close();
    }

    private void forward(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private Lease lease() {
        return client.leases().inNamespace("shop").withName(Leadership.NAME).get();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT-1H", "PT0S", "PT1H"})
    void whoeverRenewsItsLeaseLeadsHoweverFarItsClockIsOff(Duration ahead) {
        Leadership first = operator("first", Duration.ZERO);
        Leadership second = operator("second", ahead);
        for (int i = 0; i < 60; i++) {
            first.turn();
            second.turn();
            assertThat(first.leads()).isTrue();
            assertThat(second.leads()).isFalse();
            forward(Duration.ofSeconds(2));
        }
        assertThat(lost).isEmpty();
        assertThat(lease().getSpec().getLeaseTransitions()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT-1H", "PT0S", "PT1H"})
    void whoIsNoMoreIsFollowedHoweverFarItsClockWasOff(Duration ahead) {
        Leadership first = operator("first", ahead);
        Leadership second = operator("second", Duration.ZERO);
        first.turn();
        second.turn();
        forward(Leadership.LEASE);
        second.turn();
        assertThat(second.leads()).as("not yet").isFalse();
        forward(Duration.ofSeconds(1));
        second.turn();
        assertThat(second.leads()).isTrue();
        assertThat(lease().getSpec().getHolderIdentity()).isEqualTo("second");
        assertThat(lease().getSpec().getLeaseTransitions()).isOne();
    }

    /** The one before ends before the next begins, also where neither hears of the other. */
    @Test
    void whoCannotRenewEndsBeforeAnybodyMayFollow() {
        AtomicBoolean cut = new AtomicBoolean();
        Leadership first = operator("first", Duration.ZERO);
        Leadership second = operator("second", Duration.ZERO);
        first.turn();
        second.turn();
        cut.set(true);
        api.failing(exchange -> cut.get() ? 503 : null);
        while (first.leads()) {
            assertThat(lost).isEmpty();
            forward(Duration.ofSeconds(1));
            first.turn();
        }
        assertThat(lost).containsExactly("first");
        assertThat(Duration.ofNanos(nanos.get())).isLessThan(Leadership.LEASE);
        cut.set(false);
        second.turn();
        assertThat(second.leads()).as("not yet").isFalse();
        first.turn();
        assertThat(first.leads()).as("never again").isFalse();
        forward(Leadership.LEASE.minus(Duration.ofNanos(nanos.get())).plusSeconds(1));
        second.turn();
        assertThat(second.leads()).isTrue();
        assertThat(lost).hasSize(1);
    }

    /** An answer that never comes keeps nobody leading. */
    @Test
    void whoDoesNotComeToRenewingEndsToo() {
        Leadership first = operator("first", Duration.ZERO);
        first.turn();
        first.watch();
        assertThat(first.leads()).isTrue();
        forward(Leadership.RENEWED);
        first.watch();
        assertThat(first.leads()).isFalse();
        assertThat(lost).containsExactly("first");
    }

    @Test
    void aLeaseThatSomebodyElseHasTakenIsLost() {
        Leadership first = operator("first", Duration.ZERO);
        first.turn();
        client.leases().inNamespace("shop").withName(Leadership.NAME).edit(lease -> {
            lease.getSpec().setHolderIdentity("somebody");
            return lease;
        });
        first.turn();
        assertThat(lost).containsExactly("first");
        assertThat(first.leads()).isFalse();
    }

    @Test
    void whoCannotBeginToLeadLetsAnotherOneTry() {
        Leadership broken = new Leadership(client, "shop", "broken", () -> NOW.plusNanos(nanos.get()), nanos::get,
                () -> {
                    throw new IllegalStateException("on purpose");
                }, () -> lost.add("broken"));
        all.add(broken);
        broken.turn();
        assertThat(lost).containsExactly("broken");
        assertThat(broken.leads()).isFalse();
    }

    @Test
    void aLeaseThatIsGivenBackIsTakenAtOnce() {
        Leadership first = operator("first", Duration.ZERO);
        Leadership second = operator("second", Duration.ofHours(1));
        first.turn();
        second.turn();
        first.close();
        assertThat(lease().getSpec().getHolderIdentity()).isEmpty();
        second.turn();
        assertThat(second.leads()).isTrue();
        assertThat(lost).isEmpty();
    }

    /** Its request is on its way when it is closed. */
    @Test
    void whoIsClosedBeforeItHearsThatItLeadsGivesTheLeaseBack() {
        Leadership first = operator("first", Duration.ZERO);
        api.failing(exchange -> {
            if (exchange.getRequestMethod().equals("POST")) {
                first.close();
            }
            return null;
        });
        first.turn();
        assertThat(first.leads()).isFalse();
        assertThat(lease().getSpec().getHolderIdentity()).isEmpty();
        first.turn();
        assertThat(first.leads()).as("never again").isFalse();
        assertThat(lease().getSpec().getHolderIdentity()).isEmpty();
        assertThat(lost).isEmpty();
    }

    /** Its container was started anew, and the pod has the same name. */
    @Test
    void itsOwnLeaseIsItsOwnAtOnce() {
        operator("first", Duration.ofHours(1)).turn();
        Leadership again = operator("first", Duration.ZERO);
        again.turn();
        assertThat(again.leads()).isTrue();
        assertThat(lease().getSpec().getLeaseTransitions()).isZero();
    }
}
