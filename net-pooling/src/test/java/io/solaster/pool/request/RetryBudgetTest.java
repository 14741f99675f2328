package io.solaster.pool.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.Test;

class RetryBudgetTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final RetryBudget budget = new RetryBudget(0);

    private int drain(long now) {
        int retries = 0;
        while (retries < 100_000 && budget.tryWithdraw(now)) {
            retries++;
        }
        return retries;
    }

    @Test
    void aSuccessPaysForAPartOfARetry() {
        budget.configure(0.2, 0);
        for (int i = 0; i < 100; i++) {
            budget.deposit(i);
        }
        assertThat(drain(1000)).isEqualTo(20);
        assertThat(drain(1000)).isZero();
    }

    @Test
    void someASecondAreFree() {
        budget.configure(0, 10);
        assertThat(drain(0)).isEqualTo(10);
        assertThat(drain(SECOND / 2)).isEqualTo(5);
        assertThat(drain(100 * SECOND)).isEqualTo(10);
    }

    @Test
    void lessThanOneASecondIsOneNowAndThen() {
        budget.configure(0, 0.5);
        assertThat(drain(0)).isEqualTo(1);
        assertThat(drain(SECOND)).isZero();
        assertThat(drain(2 * SECOND)).isEqualTo(1);
    }

    @Test
    void whatWasEarnedIsForgottenAfterTenSeconds() {
        budget.configure(1, 0);
        budget.deposit(0);
        budget.deposit(5 * SECOND);
        assertThat(drain(11 * SECOND)).isEqualTo(1);
        budget.deposit(12 * SECOND);
        assertThat(drain(30 * SECOND)).isZero();
    }

    @Test
    void whatIsSpentIsNotForgottenAgain() {
        budget.configure(1, 0);
        for (int i = 0; i < 10; i++) {
            budget.deposit(i * SECOND);
        }
        assertThat(budget.tryWithdraw(9 * SECOND)).isTrue();
        // The oldest has been spent: its second ends without a loss.
        assertThat(drain(10 * SECOND)).isEqualTo(9);
        assertThat(drain(20 * SECOND)).isZero();
    }
}
