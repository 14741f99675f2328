package io.solaster.http.readme;

import java.util.NoSuchElementException;
import java.util.concurrent.CompletionStage;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.http.HttpException;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.route.Router;

final class RoutesExample {

    private RoutesExample() {}

    /** Somewhere that orders are kept. */
    interface Orders {

        String describe(long id);

        CompletionStage<String> place(String text);

        String report() throws InterruptedException;
    }

    static Router run(Orders orders) {
        Router api = Router.builder()
                // On the shard, which must not block.
                .get("/orders/{id}", (request, response) -> response.send(orders.describe(request.pathLong("id"))))
                // Answers when something else is done; a failed stage is a failed request.
                .post("/orders", HttpHandler.async((request, response) -> orders.place(request.body().text())
                        .thenAccept(id -> response.status(HttpResponseStatus.CREATED).send(id))))
                // May block: on a virtual thread of the shard.
                .get("/report", HttpHandler.blocking((request, response) -> response.send(orders.report())))
                .error(NoSuchElementException.class, (failure, request, response) -> response
                        .status(HttpResponseStatus.NOT_FOUND).send("no such order: " + failure.getMessage()))
                .build();
        return Router.builder()
                .before("/api", RoutesExample::signedIn)
                .after((request, response) -> response.header("X-Route", String.valueOf(request.route())))
                .mount("/api", api)
                .get("/health", (request, response) -> response.send("up"))
                .build();
    }

    private static void signedIn(HttpRequest request, HttpResponse response) {
        if (request.header("Authorization") == null) {
            throw new HttpException(HttpResponseStatus.UNAUTHORIZED, "sign in").header("WWW-Authenticate", "Bearer");
        }
    }
}
