package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.Shard;
import io.solaster.http.RawClient.Answer;
import io.solaster.http.exchange.LoopResponse;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** A router behind a socket. */
class RouterTest extends TransportTest {

    RouterTest() {
        super(Transport.AUTO);
    }

    private RawClient client(Router.Builder router) {
        return fixture.connect(fixture.serve(router.build()));
    }

    private static HttpHandler say(String text) {
        return (request, response) -> response.send(text + " " + request.route() + " " + request.pathParams());
    }

    private static Answer ask(RawClient client, String method, String target) {
        return ask(client, method, target, "", "");
    }

    private static Answer ask(RawClient client, String method, String target, String headers, String body) {
        client.send(method + " " + target + " HTTP/1.1\r\nHost: test\r\n" + headers
                + (body.isEmpty() ? "" : "Content-Length: " + body.length() + "\r\n") + "\r\n" + body);
        return method.equals("HEAD") ? client.answerToHead() : client.answer();
    }

    @Test
    void callsTheHandlerOfMethodAndPathAndForgetsTheLastRequest() {
        RawClient client = client(Router.builder()
                .get("/", say("root"))
                .get("/orders/{id}", say("get"))
                .put("/orders/{id}", say("put"))
                .patch("/orders/{id}", say("patch"))
                .delete("/orders/{id}", say("delete"))
                .route(HttpMethod.valueOf("PURGE"), "/orders/{id}", say("purge"))
                .any("/any/{*rest}", say("any"))
                .get("/static", (request, response) -> response.send(request.pathParams() + " " + request.route())));
        assertThat(client.get("/").body()).isEqualTo("root / {}");
        assertThat(client.get("/orders/a%2Fb?x=y").body()).isEqualTo("get /orders/{id} {id=a/b}");
        assertThat(client.get("/static").body()).isEqualTo("{} /static");
        assertThat(ask(client, "PUT", "/orders/7").body()).isEqualTo("put /orders/{id} {id=7}");
        assertThat(ask(client, "PATCH", "/orders/7").body()).isEqualTo("patch /orders/{id} {id=7}");
        assertThat(ask(client, "DELETE", "/orders/7").body()).isEqualTo("delete /orders/{id} {id=7}");
        assertThat(ask(client, "PURGE", "/orders/7").body()).isEqualTo("purge /orders/{id} {id=7}");
        assertThat(ask(client, "BREW", "/any/a/b").body()).isEqualTo("any /any/{*rest} {rest=a/b}");
        Answer head = ask(client, "HEAD", "/orders/7");
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("content-length")).isEqualTo("23");
    }

    @Test
    void answersWhatItHasNoRouteFor() {
        RawClient client = client(Router.builder()
                .get("/orders/{id}", say("get"))
                .post("/orders/new", say("post"))
                .route(HttpMethod.OPTIONS, "/own", say("own")));
        Answer missing = client.get("/nothing/here");
        assertThat(missing.status()).isEqualTo(404);
        assertThat(missing.body()).contains("/nothing/here");
        Answer wrong = ask(client, "DELETE", "/orders/new");
        assertThat(wrong.status()).isEqualTo(405);
        assertThat(wrong.header("allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
        Answer options = ask(client, "OPTIONS", "/orders/7");
        assertThat(options.status()).isEqualTo(204);
        assertThat(options.header("allow")).isEqualTo("GET, HEAD, OPTIONS");
        assertThat(ask(client, "OPTIONS", "*").header("allow")).isEqualTo("GET, HEAD, OPTIONS, POST");
        assertThat(ask(client, "OPTIONS", "/own").body()).isEqualTo("own /own {}");
        for (String path : List.of("/orders/..", "/orders/%2e%2e/x", "/orders/%00", "/orders/%zz")) {
            assertThat(client.get(path).status()).as(path).isEqualTo(400);
        }
        assertThat(ask(client, "DELETE", "/orders/7", "", "a body that nobody reads").status()).isEqualTo(405);
        assertThat(client.get("/orders/7").status()).isEqualTo(200);
    }

    @Test
    void gathersTheBodyUnlessTheHandlerStreams() {
        RawClient client = client(Router.builder()
                .post("/whole", (request, response) -> response.send("got " + request.body().text()))
                .post("/stream", HttpHandler.streaming((request, response) -> {
                    StringBuilder all = new StringBuilder();
                    request.body().read(new RequestBody.Reader() {
                        @Override
                        public void part(ByteBuf part) {
                            all.append(part.readableBytes()).append(' ');
                            part.release();
                            request.body().request(1);
                        }

                        @Override
                        public void end(HttpHeaders trailers) {
                            response.send(all);
                        }

                        @Override
                        public void failed(Throwable cause) {
                            response.fail(cause);
                        }
                    });
                    request.body().request(1);
                })));
        assertThat(ask(client, "POST", "/whole", "", "a body").body()).isEqualTo("got a body");
        assertThat(ask(client, "POST", "/whole").body()).isEqualTo("got ");
        client.send("POST /whole HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        client.send("0\r\n\r\n");
        assertThat(client.answer().body()).isEqualTo("got abc");
        client.send(
                "POST /stream HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        assertThat(client.answer().body()).isEqualTo("3 2 ");
        Answer tooLong = ask(client, "POST", "/whole", "Content-Length: 99999999999\r\n", "");
        assertThat(tooLong.status()).isEqualTo(413);
    }

    @Test
    void asksFiltersInOrderOfThosePathsThatBeginWithTheirPrefix() {
        ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
        RawClient client = client(Router.builder()
                .before((request, response) -> asked.add("all"))
                .before("/admin", (request, response) -> asked.add("admin"))
                .before("/admin/secret", (request, response) -> {
                    asked.add("secret");
                    if (request.header("Authorization") == null) {
                        throw new HttpException(HttpResponseStatus.UNAUTHORIZED, "who are you?")
                                .header("WWW-Authenticate", "Basic");
                    }
                })
                .before("/admin/closed", (request, response) -> response.status(HttpResponseStatus.GONE).send("gone"))
                .before("/admin", (request, response) -> asked.add("last"))
                .after((request, response) -> response.header("X-Seen",
                        response.status().code() + " " + request.route()))
                .after("/admin", (request, response) -> response.header("X-Admin", "yes"))
                .get("/{page}", say("page"))
                .get("/{area}/{page}", say("area"))
                .get("/admin/closed", say("never")));
        assertThat(client.get("/administrators").body()).startsWith("page");
        assertThat(asked).containsExactly("all");
        asked.clear();
        Answer admin = client.get("/admin/x");
        assertThat(admin.body()).isEqualTo("area /{area}/{page} {area=admin, page=x}");
        assertThat(admin.header("x-seen")).isEqualTo("200 /{area}/{page}");
        assertThat(admin.header("x-admin")).isEqualTo("yes");
        assertThat(asked).containsExactly("all", "admin", "last");
        asked.clear();
        Answer refused = client.get("/%61dmin/secr%65t");
        assertThat(refused.status()).isEqualTo(401);
        assertThat(refused.header("www-authenticate")).isEqualTo("Basic");
        assertThat(refused.header("x-seen")).isEqualTo("401 /{area}/{page}");
        assertThat(asked).containsExactly("all", "admin", "secret");
        asked.clear();
        Answer closed = client.get("/admin/closed");
        assertThat(closed.status()).isEqualTo(410);
        assertThat(closed.body()).isEqualTo("gone");
        assertThat(asked).containsExactly("all", "admin");
        asked.clear();
        Answer missing = client.get("/admin/a/b/c");
        assertThat(missing.status()).isEqualTo(404);
        assertThat(missing.header("x-seen")).isEqualTo("404 null");
        assertThat(missing.header("x-admin")).isEqualTo("yes");
        assertThat(asked).containsExactly("all", "admin", "last");
        asked.clear();
        assertThat(client.get("/admin/..").header("x-seen")).isEqualTo("400 null");
    }

    @Test
    void waitsForFiltersThatAnswerLater() {
        CompletableFuture<String> later = new CompletableFuture<>();
        RawClient client = client(Router.builder()
                .before("/async", HttpHandler.async((request, response) -> later.thenApply(user -> {
                    request.attribute("user", user);
                    return user;
                })))
                .before("/blocking", HttpHandler.blocking((request, response) -> {
                    Thread.sleep(1);
                    request.attribute("user", "blocking on " + Shard.current().id());
                    if (request.query("deny") != null) {
                        response.status(HttpResponseStatus.FORBIDDEN).send("denied");
                    }
                }))
                .before("/failing", HttpHandler.async((request, response) -> CompletableFuture
                        .failedFuture(new HttpException(HttpResponseStatus.CONFLICT, "no"))))
                .get("/{kind}", (request, response) -> response
                        .send(request.attribute("user") + " " + request.shard().inEventLoop())));
        client.send("GET /async HTTP/1.1\r\nHost: test\r\n\r\n");
        new Thread(() -> later.complete("alice")).start();
        assertThat(client.answer().body()).isEqualTo("alice true");
        assertThat(client.get("/blocking").body()).matches("blocking on [01] true");
        assertThat(client.get("/blocking?deny").body()).isEqualTo("denied");
        assertThat(client.get("/failing").status()).isEqualTo(409);
    }

    private static final class Broken extends RuntimeException {
        Broken(String message) {
            super(message);
        }
    }

    @Test
    void givesEveryFailureToTheErrorFilters() {
        RawClient client = client(Router.builder()
                .error(NoSuchElementException.class, (failure, request, response) -> response
                        .status(HttpResponseStatus.NOT_FOUND).send("mapped " + failure.getMessage()))
                .error("/inner", Broken.class, (failure, request, response) -> {
                    throw new NoSuchElementException("from " + failure.getMessage());
                })
                .error(Broken.class, (failure, request, response) -> response
                        .status(HttpResponseStatus.BAD_GATEWAY).send("outer " + failure.getMessage()))
                .error(NoSuchElementException.class, (failure, request, response) -> response.send("passed on"))
                .error(HttpException.class, (failure, request, response) -> response.status(failure.status())
                        .send("{\"error\":\"" + failure.status().code() + "\"}"))
                .error(IllegalStateException.class, (failure, request, response) -> request.shard()
                        .execute(() -> response.status(HttpResponseStatus.CONFLICT).send("later")))
                .get("/throws", (request, response) -> {
                    response.header("Content-Type", "image/png");
                    throw new NoSuchElementException("a");
                })
                .get("/async", HttpHandler.async((request, response) -> CompletableFuture.supplyAsync(() -> {
                    throw new Broken("b");
                })))
                .get("/blocking", HttpHandler.blocking((request, response) -> {
                    throw new Broken("c");
                }))
                .get("/fails", (request, response) -> response.fail(new Broken("d")))
                .get("/inner/throws", (request, response) -> {
                    throw new Broken("e");
                })
                .get("/later", (request, response) -> {
                    throw new IllegalStateException();
                })
                .get("/unknown", (request, response) -> {
                    throw new UnsupportedOperationException("secret");
                })
                .post("/body", say("never")));
        Answer thrown = client.get("/throws");
        assertThat(thrown.status()).isEqualTo(404);
        assertThat(thrown.body()).isEqualTo("mapped a");
        assertThat(thrown.header("content-type")).startsWith("text/plain");
        assertThat(client.get("/async").body()).isEqualTo("outer b");
        assertThat(client.get("/blocking").body()).isEqualTo("outer c");
        assertThat(client.get("/fails").body()).isEqualTo("outer d");
        assertThat(client.get("/inner/throws").body()).isEqualTo("passed on");
        assertThat(client.get("/later").body()).isEqualTo("later");
        Answer unknown = client.get("/unknown");
        assertThat(unknown.status()).isEqualTo(500);
        assertThat(unknown.body()).doesNotContain("secret");
        assertThat(client.get("/nothing").body()).isEqualTo("{\"error\":\"404\"}");
        Answer wrong = ask(client, "DELETE", "/body");
        assertThat(wrong.body()).isEqualTo("{\"error\":\"405\"}");
        assertThat(wrong.header("allow")).isEqualTo("OPTIONS, POST");
        assertThat(client.get("/a/../b").body()).isEqualTo("{\"error\":\"400\"}");
        assertThat(ask(client, "POST", "/body", "Content-Length: 99999999999\r\n", "").body())
                .isEqualTo("{\"error\":\"413\"}");
    }

    @Test
    void mountsARouterWithItsFilters() {
        ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();
        Router orders = Router.builder()
                .before((request, response) -> asked.add("orders"))
                .after((request, response) -> response.header("X-From", "orders"))
                .error(Broken.class, (failure, request, response) -> response.send("mended " + failure.getMessage()))
                .get("/", say("list"))
                .get("/{id}", say("one"))
                .get("/{id}/broken", (request, response) -> {
                    throw new Broken(request.pathParam("tenant"));
                })
                .build();
        Router tenants = Router.builder().mount("/{tenant}/orders", orders).get("/{tenant}", say("tenant")).build();
        Router.Builder root = Router.builder()
                .mount("/tenants/", tenants)
                .before((request, response) -> asked.add("root"))
                .after((request, response) -> response.header("X-From", response.header("X-From") + " root"))
                .error(Broken.class, (failure, request, response) -> response.send("too late"));
        assertThat(root.build().routes()).containsExactly("GET /tenants/{tenant}/orders",
                "GET /tenants/{tenant}/orders/{id}", "GET /tenants/{tenant}/orders/{id}/broken",
                "GET /tenants/{tenant}");
        assertThat(root.build().templates()).hasSize(4).contains("/tenants/{tenant}/orders/{id}");
        RawClient client = client(root);
        Answer list = client.get("/tenants/a/orders");
        assertThat(list.body()).isEqualTo("list /tenants/{tenant}/orders {tenant=a}");
        assertThat(list.header("x-from")).isEqualTo("orders root");
        assertThat(asked).containsExactly("root", "orders");
        assertThat(client.get("/tenants/a/orders/7").body())
                .isEqualTo("one /tenants/{tenant}/orders/{id} {tenant=a, id=7}");
        assertThat(client.get("/tenants/a/orders/7/broken").body()).isEqualTo("mended a");
        assertThat(client.get("/tenants/a").header("x-from")).isEqualTo("null root");
        asked.clear();
        assertThat(client.get("/tenants/a/orders/7/nothing").status()).isEqualTo(404);
        assertThat(asked).containsExactly("root", "orders");
        assertThatIllegalArgumentException().isThrownBy(() -> root.get("/tenants/{x}", say("")).build())
                .withMessage("routes GET /tenants/{tenant} and GET /tenants/{x} match the same paths: keep one");
    }

    @Test
    void refusesAnAfterFilterThatNobodyWouldWaitFor() {
        assertThatIllegalArgumentException().isThrownBy(() -> Router.builder()
                .after("/x", HttpHandler.blocking((request, response) -> {}))).withMessageStartingWith("after /x: ");
    }

    @Test
    void answersWithAFailureOfAnAfterFilter() {
        RawClient client = client(Router.builder()
                .after("/x", (request, response) -> {
                    throw new HttpException(HttpResponseStatus.SERVICE_UNAVAILABLE, "not now");
                })
                .get("/x", say("never")));
        Answer answer = client.get("/x");
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.body()).startsWith("not now");
    }

    @Test
    void doesNotCallAHandlerWhoseClientHasLeftMeanwhile() throws Exception {
        LinkedBlockingQueue<CompletableFuture<String>> begun = new LinkedBlockingQueue<>();
        LinkedBlockingQueue<String> over = new LinkedBlockingQueue<>();
        ConcurrentLinkedQueue<String> handled = new ConcurrentLinkedQueue<>();
        var server = fixture.serve(Router.builder()
                .before(HttpHandler.async((request, response) -> {
                    CompletableFuture<String> stage = new CompletableFuture<>();
                    response.onEnd(failure -> over.add("over"));
                    begun.add(stage);
                    return stage;
                }))
                .get("/x", (request, response) -> {
                    handled.add(request.target());
                    response.send("x");
                })
                .build());
        RawClient leaves = fixture.connect(server).send("GET /x HTTP/1.1\r\nHost: test\r\n\r\n");
        CompletableFuture<String> first = begun.poll(60, TimeUnit.SECONDS);
        leaves.close();
        assertThat(over.poll(60, TimeUnit.SECONDS)).isEqualTo("over");
        first.complete("");
        RawClient stays = fixture.connect(server).send("GET /x?second HTTP/1.1\r\nHost: test\r\n\r\n");
        begun.poll(60, TimeUnit.SECONDS).complete("");
        assertThat(stays.answer().body()).isEqualTo("x");
        assertThat(handled).containsExactly("/x?second");
    }

    @Test
    void readsTypedParametersAndForms() {
        RawClient client = client(Router.builder()
                .get("/{id}/{uuid}/{unit}", (request, response) -> response.send(request.pathLong("id") + " "
                        + request.pathInt("id") + " " + request.pathUuid("uuid") + " "
                        + request.pathEnum("unit", TimeUnit.class) + " " + request.queryInt("page", 1) + " "
                        + request.queryLong("page", 2) + " " + request.queryEnum("unit", TimeUnit.DAYS) + " "
                        + request.requiredQuery("q")))
                .post("/form", (request, response) -> {
                    Form form = Form.of(request);
                    response.send(form.required("name") + " " + form.getInt("age") + " " + form.all("tag"));
                }));
        UUID uuid = UUID.randomUUID();
        assertThat(client.get("/7/" + uuid + "/seconds?page=3&unit=Hours&q=a%20b").body())
                .isEqualTo("7 7 " + uuid + " SECONDS 3 3 HOURS a b");
        Answer wrong = client.get("/7/" + uuid + "/fortnights");
        assertThat(wrong.status()).isEqualTo(400);
        assertThat(wrong.body()).startsWith("path parameter 'unit': 'fortnights' is not one of nanoseconds, ");
        assertThat(client.get("/7/" + uuid + "/days").body()).startsWith("query parameter 'q' is missing");
        String type = "Content-Type: application/x-www-form-urlencoded\r\n";
        assertThat(ask(client, "POST", "/form", type, "name=A+B&age=7&tag=x&tag=%C3%BC").body().getBytes(
                StandardCharsets.ISO_8859_1))
                .isEqualTo("A B 7 [x, ü]".getBytes(StandardCharsets.UTF_8));
        assertThat(ask(client, "POST", "/form", type, "name=A&age=old").body())
                .startsWith("field 'age': 'old' is not a whole number");
        assertThat(ask(client, "POST", "/form", "Content-Type: text/plain\r\n", "name=A").status()).isEqualTo(415);
        Answer large = ask(client, "POST", "/form", type, "name=" + "x".repeat(Form.MOST_BYTES));
        assertThat(large.status()).isEqualTo(413);
        assertThat(large.body()).startsWith("a form of 2097157 bytes: 2097152 at most; ");
    }

    private record Item(String name, int count) {}

    @Test
    void jsonThatWaitsToBeSentIsNotOverwritten() {
        Json json = new Json(new JacksonCodec(JsonMapper.builder().build()));
        RawClient client = client(Router.builder().get("/{letter}", (request, response) -> json.send(request, response,
                new Item(request.pathParam("letter").repeat(LoopResponse.COPIED), 1))));
        client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n"
                + "GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
        for (String letter : List.of("a", "b", "c")) {
            assertThat(client.answer().body())
                    .isEqualTo("{\"name\":\"" + letter.repeat(LoopResponse.COPIED) + "\",\"count\":1}");
        }
    }

    @Test
    void readsAndWritesJson() {
        Json json = new Json(new JacksonCodec(JsonMapper.builder().build()));
        RawClient client = client(Router.builder()
                .post("/items", (request, response) -> {
                    Item item = json.read(request, Item.class);
                    json.send(request, response.status(HttpResponseStatus.CREATED),
                            new Item(item.name(), item.count() + 1));
                }));
        String type = "Content-Type: application/json\r\n";
        Answer created = ask(client, "POST", "/items", type, "{\"name\":\"a\",\"count\":1}");
        assertThat(created.status()).isEqualTo(201);
        assertThat(created.header("content-type")).isEqualTo("application/json");
        assertThat(created.body()).isEqualTo("{\"name\":\"a\",\"count\":2}");
        Answer malformed = ask(client, "POST", "/items", type, "{\"name\":\"a\",\n\"count\":x}");
        assertThat(malformed.status()).isEqualTo(400);
        assertThat(malformed.body()).startsWith("JSON: line 2, column ");
        assertThat(ask(client, "POST", "/items", type, "null").status()).isEqualTo(400);
        assertThat(ask(client, "POST", "/items", type, "").status()).isEqualTo(400);
        assertThat(ask(client, "POST", "/items", "", "{}").status()).isEqualTo(415);
        assertThat(
                ask(client, "POST", "/items", type + "Accept: text/html\r\n", "{\"name\":\"a\",\"count\":1}").status())
                .isEqualTo(406);
    }
}
