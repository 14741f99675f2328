package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.RouteStats.Outcome;
import org.junit.jupiter.api.Test;

class RouteStatsTest {

    @Test
    void routesBeyondTheLimitAreCountedTogether() {
        List<String> templates = IntStream.range(0, 150).mapToObj(i -> "/route" + i).toList();
        RouteStats stats = new RouteStats(2, templates, 100);
        assertThat(stats.routes()).hasSize(101).startsWith("/route0").endsWith("/route99", RouteStats.OTHER);
        assertThat(stats.snapshot("/route0", Outcome.SUCCESS).count()).isZero();
        assertThatThrownBy(() -> stats.snapshot("/route149", Outcome.SUCCESS))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("/route149");
    }

    @Test
    void aTemplateOfSeveralMethodsIsOneSeries() {
        assertThat(new RouteStats(1, List.of("/a", "/b", "/a"), 100).routes())
                .containsExactly("/a", "/b", RouteStats.OTHER);
    }

    @Test
    void anOutcomeIsThatOfTheStatusUnlessTheResponseCouldNotBeWritten() {
        assertThat(Outcome.of(HttpResponseStatus.NOT_MODIFIED, null)).isEqualTo(Outcome.SUCCESS);
        assertThat(Outcome.of(HttpResponseStatus.NOT_FOUND, null)).isEqualTo(Outcome.CLIENT_ERROR);
        assertThat(Outcome.of(HttpResponseStatus.BAD_GATEWAY, null)).isEqualTo(Outcome.SERVER_ERROR);
        assertThat(Outcome.of(HttpResponseStatus.OK, new java.io.IOException("gone"))).isEqualTo(Outcome.SERVER_ERROR);
    }
}
