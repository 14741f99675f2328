package io.solaster.http.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import com.sun.management.ThreadMXBean;
import io.netty.handler.codec.http.HttpMethod;
import io.solaster.http.Escapes;
import io.solaster.http.HttpHandler;
import io.solaster.testkit.gen.Draw;
import io.solaster.testkit.gen.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RouteTrieTest {
    private static final List<String> WORDS = List.of("a", "b", "c", "d", "e", "ab");
    private static final List<HttpMethod> METHODS = List.of(HttpMethod.GET, HttpMethod.POST, HttpMethod.HEAD,
            HttpMethod.PUT);
    private static final HttpHandler NOTHING = (request, response) -> {};
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final RouteTrie trie = new RouteTrie();
    private final RouteMatch match = new RouteMatch();

    @Test
    void prefersTheMoreSpecificSegmentAndGoesBackWhereItLeadsNowhere() {
        get("/orders/{id}", "/orders/new", "/orders/*/lines", "/orders/{id}/lines/{line}", "/orders/{*rest}",
                "/{any}/x");
        assertThat(found("/orders/new")).isEqualTo("/orders/new {}");
        assertThat(found("/orders/7")).isEqualTo("/orders/{id} {id=7}");
        assertThat(found("/orders/7/lines")).isEqualTo("/orders/*/lines {}");
        assertThat(found("/orders/7/lines/3")).isEqualTo("/orders/{id}/lines/{line} {id=7, line=3}");
        assertThat(found("/orders/new/lines/3")).isEqualTo("/orders/{id}/lines/{line} {id=new, line=3}");
        assertThat(found("/orders/7/lines/3/x")).isEqualTo("/orders/{*rest} {rest=7/lines/3/x}");
        assertThat(found("/orders")).isEqualTo("/orders/{*rest} {rest=}");
        assertThat(found("/orders/")).isEqualTo("/orders/{*rest} {rest=}");
        assertThat(found("/customers/x")).isEqualTo("/{any}/x {any=customers}");
        assertThat(found("/customers")).isNull();
        assertThat(found("/")).isNull();
    }

    @Test
    void tellsATrailingSlashAndCaseApart() {
        get("/a", "/b/", "/");
        assertThat(found("/a")).isEqualTo("/a {}");
        assertThat(found("/a/")).isNull();
        assertThat(found("/b")).isNull();
        assertThat(found("/b/")).isEqualTo("/b/ {}");
        assertThat(found("/")).isEqualTo("/ {}");
        assertThat(found("/A")).isNull();
        assertThat(found("//")).isNull();
    }

    @Test
    void comparesAndCapturesWhatEscapesStandForAndKeepsAnEscapedSlashInItsSegment() {
        get("/größe/{name}", "/files/{*path}", "/a b");
        assertThat(found("/gr%C3%B6%c3%9fe/a%2Fb%20c+d")).isEqualTo("/größe/{name} {name=a/b c+d}");
        assertThat(found("/größe/ü")).isEqualTo("/größe/{name} {name=ü}");
        assertThat(found("/%66iles/x%2Fy/z")).isEqualTo("/files/{*path} {path=x/y/z}");
        assertThat(found("/a%20b")).isEqualTo("/a b {}");
        assertThat(found("/files%2Fx")).isNull();
    }

    @Test
    void passesOverARouteThatLacksTheMethod() {
        get("/a/{x}");
        add(HttpMethod.POST, "/a/b");
        add(null, "/any/{x}");
        add(HttpMethod.HEAD, "/any/{x}");
        assertThat(found("/a/b")).isEqualTo("/a/{x} {x=b}");
        assertThat(found(HttpMethod.POST, "/a/b")).isEqualTo("/a/b {}");
        assertThat(found(HttpMethod.HEAD, "/a/b")).isEqualTo("/a/{x} {x=b}");
        assertThat(found(HttpMethod.valueOf("BREW"), "/any/1")).isEqualTo("/any/{x} {x=1}");
        Set<String> allowed = new TreeSet<>();
        assertThat(trie.allowed("/a/b", allowed)).isFalse();
        assertThat(allowed).containsExactly("GET", "POST");
        assertThat(trie.allowed("/any/1", allowed)).isTrue();
    }

    @Test
    void refusesTwoRoutesForTheSamePathsAndNamesBoth() {
        get("/a/{x}/b");
        add(HttpMethod.POST, "/a/{y}/b");
        assertThatIllegalArgumentException().isThrownBy(() -> get("/a/{y}/b"))
                .withMessage("routes GET /a/{x}/b and GET /a/{y}/b match the same paths: keep one");
        add(null, "/c");
        assertThatIllegalArgumentException().isThrownBy(() -> add(null, "/c"))
                .withMessage("routes any method /c and any method /c match the same paths: keep one");
    }

    @Test
    void refusesATemplateThatIsNone() {
        for (String wrong : List.of("", "a", "//", "/a//b", "/{*rest}/a", "/{a}/{a}", "/{}", "/{a b}", "/x{a}",
                "/{a}.json",
                "/**", "/a?b", "/a#b", "/..", "/a/./b", "/a%20b", "/{id:[0-9]+}")) {
            assertThatIllegalArgumentException().as(wrong).isThrownBy(() -> Template.of(wrong))
                    .withMessageStartingWith("route template '" + wrong + "': ");
        }
    }

    @Test
    void aPrefixStandsForWholeSegments() {
        Template prefix = Template.of("/admin/{tenant}").asPrefix();
        assertThat(prefix.begins("/admin/x")).isTrue();
        assertThat(prefix.begins("/%61dmin/x/y")).isTrue();
        assertThat(prefix.begins("/admin/")).isFalse();
        assertThat(prefix.begins("/admin")).isFalse();
        assertThat(prefix.begins("/administrators/x")).isFalse();
        assertThat(Template.of("/admin/").asPrefix().begins("/admin")).isTrue();
        assertThat(Template.of("/").asPrefix().begins("/")).isTrue();
    }

    /** Over random templates and paths, as the plainest matcher would: all routes, one after the other. */
    @Test
    void findsWhatAComparisonWithEveryRouteFinds() {
        int[] hits = new int[1];
        Property.check(20261121, 500, draw -> {
            RouteTrie routes = new RouteTrie();
            List<Naive> naive = new ArrayList<>();
            Set<String> seen = new HashSet<>();
            draw.repeat(1 + draw.nextInt(20), _ -> {
                Template template = Template.of(draw.from(RouteTrieTest::template));
                HttpMethod method = draw.oneIn(6) ? null : draw.of(METHODS);
                if (seen.add(method + template.text().replaceAll("[a-z0-9]+}", "}"))) {
                    Route route = route(template);
                    routes.add(method, template, route);
                    naive.add(new Naive(method, template, route));
                }
            });
            draw.repeat(30, _ -> {
                String path = draw.from(RouteTrieTest::path);
                HttpMethod method = draw.of(METHODS);
                match.begin(path, 5);
                Route found = routes.find(path, method, match);
                match.route = found;
                Naive expected = Naive.best(naive, path, method);
                assertThat(found).as(() -> method + " " + path + " of " + naive)
                        .isSameAs(expected == null ? null : expected.route);
                if (expected != null) {
                    hits[0]++;
                    assertThat(match.params()).as(() -> path + " by " + found).isEqualTo(expected.params(path));
                }
                for (Naive each : naive) {
                    // What is known of a template without a path must hold for each of its paths.
                    if (each.params(path) != null) {
                        Template prefix = Template.of(draw.from(RouteTrieTest::template)).asPrefix();
                        switch (prefix.reach(each.template)) {
                            case ALL -> assertThat(prefix.begins(path)).as(() -> prefix + " " + path).isTrue();
                            case NONE -> assertThat(prefix.begins(path)).as(() -> prefix + " " + path).isFalse();
                            case SOME -> {
                            }
                        }
                    }
                }
            });
        });
        assertThat(hits[0]).isGreaterThan(2_500);
    }

    @Test
    void allocatesNothing() {
        get("/plaintext", "/orders/{id}/lines/{line}", "/files/{*path}", "/a", "/b", "/c", "/d", "/e");
        String[] paths = {"/plaintext", "/orders/17/lines/3", "/files/a/b/c", "/nothing", "/e"};
        long found = 0;
        for (int i = 0; i < 20_000; i++) {
            found += round(paths);
        }
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20_000; i++) {
            found += round(paths);
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertThat(found).isEqualTo(160_000);
        assertThat(allocated / 100_000.0).isLessThan(0.5);
    }

    private int round(String[] paths) {
        int found = 0;
        for (String path : paths) {
            match.begin(path, 2);
            if (Escapes.flaw(path) == null && trie.find(path, HttpMethod.GET, match) != null) {
                found++;
            }
        }
        return found;
    }

    private static String template(Draw draw) {
        List<String> segments = draw.list(1, 4, each -> switch (each.nextInt(6)) {
            case 0, 1, 2 -> each.of(WORDS);
            case 3, 4 -> "{n" + each.nextInt(2) + "}";
            default -> "*";
        });
        StringBuilder template = new StringBuilder();
        for (int i = 0; i < segments.size(); i++) {
            // A name stands in a template once.
            template.append('/').append(segments.get(i).replace("{n", "{n" + i));
        }
        return template.append(draw.of("", "", "", "/{*rest}", "/")).toString();
    }

    private static String path(Draw draw) {
        return "/" + String.join("/", draw.list(1, 5, each -> switch (each.nextInt(8)) {
            case 0 -> "";
            case 1 -> "%61";
            case 2 -> "x%2Fy";
            default -> each.of(WORDS);
        }));
    }

    /** A route, compared segment by segment. */
    private record Naive(@Nullable HttpMethod method, Template template, Route route) {

        static @Nullable Naive best(List<Naive> routes, String path, HttpMethod method) {
            return routes.stream()
                    .filter(route -> route.params(path) != null && route.rank(method) < 3)
                    .min(Comparator.<Naive, String>comparing(route -> route.specificity())
                            .thenComparing(route -> route.rank(method)))
                    .orElse(null);
        }

        private int rank(HttpMethod asked) {
            if (method == null) {
                return 2;
            }
            if (method.equals(asked)) {
                return 0;
            }
            return asked.equals(HttpMethod.HEAD) && method.equals(HttpMethod.GET) ? 1 : 3;
        }

        private String specificity() {
            StringBuilder kinds = new StringBuilder();
            template.segments().forEach(segment -> kinds.append(segment.kind().ordinal()));
            return kinds.toString();
        }

        @Nullable
        Map<String, String> params(String path) {
            String[] parts = path.substring(1).split("/", -1);
            Map<String, String> params = new LinkedHashMap<>();
            List<Template.Segment> segments = template.segments();
            for (int i = 0; i < segments.size(); i++) {
                Template.Segment segment = segments.get(i);
                if (segment.kind() == Template.Kind.REST) {
                    List<String> left = i < parts.length ? List.of(parts).subList(i, parts.length) : List.of();
                    params.put(segment.text(), decoded(String.join("/", left)));
                    return params;
                }
                if (i >= parts.length) {
                    return null;
                }
                String part = decoded(parts[i]);
                if (segment.kind() == Template.Kind.LITERAL ? !part.equals(segment.text()) : part.isEmpty()) {
                    return null;
                }
                if (segment.kind() == Template.Kind.NAME) {
                    params.put(segment.text(), part);
                }
            }
            return segments.size() == parts.length ? params : null;
        }

        private static String decoded(String text) {
            return text.replace("%61", "a").replace("%2F", "/");
        }
    }

    private void get(String... templates) {
        for (String template : templates) {
            add(HttpMethod.GET, template);
        }
    }

    private void add(@Nullable HttpMethod method, String template) {
        Template parsed = Template.of(template);
        trie.add(method, parsed, route(parsed));
    }

    private static Route route(Template template) {
        return new Route(template.text(), template.names(), NOTHING, false,
                new Filters(List.of(), List.of(), List.of()));
    }

    private @Nullable String found(String path) {
        return found(HttpMethod.GET, path);
    }

    private @Nullable String found(HttpMethod method, String path) {
        match.begin(path, 8);
        match.route = trie.find(path, method, match);
        return match.route == null ? null : match.template() + " " + match.params();
    }
}
