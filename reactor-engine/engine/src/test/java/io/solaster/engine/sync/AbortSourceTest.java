package io.solaster.engine.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;

import org.junit.jupiter.api.Test;

class AbortSourceTest extends OnShard {

    @Test
    void tellsEachSubscriberOnceWithTheReason() {
        onShard(() -> {
            AbortSource source = new AbortSource();
            List<Throwable> told = new ArrayList<>();
            source.onAbort(told::add);
            source.onAbort(reason -> {
                throw new IllegalStateException("logged, on purpose");
            });
            source.onAbort(told::add);
            source.check();
            source.abort(CAUSE);
            source.abort(new RuntimeException("too late"));
            source.abort();
            assertThat(told).containsExactly(CAUSE, CAUSE);
            source.onAbort(told::add).close();
            assertThat(told).as("aborted already").hasSize(3);
            assertThat(source.reason()).isSameAs(CAUSE);
            assertThatExceptionOfType(AbortedException.class).isThrownBy(source::check).withCause(CAUSE);
        });
    }

    @Test
    void withoutAReasonItIsACancellation() {
        onShard(() -> {
            AbortSource source = new AbortSource();
            source.abort();
            assertThat(source.reason()).isInstanceOf(CancellationException.class).hasMessage("aborted");
            assertThatExceptionOfType(AbortedException.class).isThrownBy(source::check).withNoCause();
        });
    }

    @Test
    void aSubscriptionIsTakenBackEvenFromWithinAnAbort() {
        onShard(() -> {
            AbortSource source = new AbortSource();
            List<String> told = new ArrayList<>();
            AbortSource.Subscription[] third = {null};
            source.onAbort(reason -> {
                told.add("first");
                third[0].close();
                third[0].close();
                source.onAbort(late -> told.add("late"));
                source.abort(new RuntimeException("again"));
            });
            AbortSource.Subscription second = source.onAbort(reason -> told.add("second"));
            third[0] = source.onAbort(reason -> told.add("third"));
            source.onAbort(reason -> told.add("fourth"));
            second.close();
            source.abort();
            assertThat(told).containsExactly("first", "late", "fourth");
        });
    }

    @Test
    void abortsThousandsOfChildrenParentsFirst() {
        onShard(() -> {
            AbortSource root = new AbortSource();
            List<Integer> told = new ArrayList<>();
            List<AbortSource> children = new ArrayList<>();
            for (int i = 0; i < 10_000; i++) {
                int number = i;
                AbortSource child = root.child();
                children.add(child);
                child.onAbort(reason -> {
                    assertThat(children.getLast().isAborted()).as("all count as aborted by now").isTrue();
                    told.add(number);
                });
            }
            root.onAbort(reason -> told.add(-1));
            root.abort(CAUSE);
            assertThat(told).hasSize(10_001).startsWith(-1).isSorted();
            assertThat(children).allMatch(child -> child.reason() == CAUSE);
            assertThat(root.child().isAborted()).isTrue();
        });
    }

    @Test
    void aDeepTreeNeedsNoStack() {
        onShard(() -> {
            AbortSource root = new AbortSource();
            AbortSource leaf = root;
            for (int i = 0; i < 100_000; i++) {
                leaf = leaf.child();
            }
            root.abort();
            assertThat(leaf.isAborted()).isTrue();
        });
    }

    @Test
    void aChildAbortsNeitherParentNorSiblingsAndMayLeave() {
        onShard(() -> {
            AbortSource root = new AbortSource();
            AbortSource aborted = root.child();
            AbortSource left = root.child();
            AbortSource stays = root.child();
            aborted.abort(CAUSE);
            left.close();
            left.close();
            assertThat(root.isAborted() || stays.isAborted()).isFalse();
            root.abort();
            assertThat(aborted.reason()).isSameAs(CAUSE);
            assertThat(left.isAborted()).isFalse();
            assertThat(stays.isAborted()).isTrue();
        });
    }

    @Test
    void belongsToItsShard() {
        AbortSource source = onShard(() -> new AbortSource());
        AbortSource.Subscription subscription = onShard(() -> source.onAbort(reason -> {}));
        assertBelongsToItsShard("an abort source", source::abort, source::child, source::close, source::check,
                subscription::close,
                () -> source.onAbort(reason -> {}));
    }
}
