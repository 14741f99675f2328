package io.solaster.benchmarks.peers;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import io.solaster.config.EngineConfig.Transport;

/** Helidon: a virtual thread for each connection. */
public final class HelidonPeer implements Peer {
    private int id;

    @Override
    public String start(int port, Transport transport) {
        byte[] hello = Peer.hello();
        WebServer.builder().host("127.0.0.1").port(port).routing(routes -> {
            MORE.forEach(template -> routes.get(template, (request, response) -> response.send()));
            routes.get("/users/{id}",
                    (request, response) -> response.send(request.path().pathParameters().get("id")));
            routes.get("/plaintext", (request, response) -> response.header(HeaderNames.CONTENT_TYPE, "text/plain")
                    .send(hello));
            routes.get("/json", (request, response) -> response.header(HeaderNames.CONTENT_TYPE, "application/json")
                    .send(JSON.writeValueAsBytes(Item.next(id++))));
        }).build().start();
        return "threads";
    }
}
