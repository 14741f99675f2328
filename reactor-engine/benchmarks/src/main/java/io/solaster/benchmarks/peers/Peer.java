package io.solaster.benchmarks.peers;

import java.nio.charset.StandardCharsets;
import java.util.List;

import io.solaster.config.EngineConfig.Transport;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/**
 * An HTTP server with one event loop that serves:
 * <ul>
 * <li>{@code GET /plaintext}: 13 bytes of text;
 * <li>{@code GET /json}: a small record, written anew each time by the same mapper;
 * <li>{@code GET /users/{id}}: the id;
 * <li>{@code /echo}: a WebSocket that sends back what it is sent;
 * <li>{@code /room}: a WebSocket that sends what it is sent to all that are connected there.
 * </ul>
 */
public interface Peer {
    /** What {@code /plaintext} answers. */
    String HELLO = "Hello, World!";
    /** For all peers the same. */
    ObjectMapper JSON = new JsonMapper();
    /** More routes, so that there is something to choose from. */
    List<String> MORE = List.of("/orders/{id}", "/orders/{id}/lines", "/orders/{id}/lines/{line}", "/health",
            "/products", "/products/{id}", "/carts/{id}", "/carts/{id}/items");

    /**
     * What {@code /json} answers.
     *
     * @param id any
     * @param name any
     * @param price any
     * @param tags any
     */
    record Item(int id, String name, double price, List<String> tags) {

        /** Another one each time. */
        public static Item next(int id) {
            return new Item(id, "chair", 49.9, List.of("wood", "oak"));
        }
    }

    /** {@link #HELLO} as it is sent. */
    static byte[] hello() {
        return HELLO.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Starts to listen on 127.0.0.1, and returns.
     *
     * @param transport what to run on, if the server has a choice
     * @return what it runs on
     * @throws Exception if it cannot
     */
    String start(int port, Transport transport) throws Exception;
}
