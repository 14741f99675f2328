/**
 * What TLS is done with: key material, the choice between OpenSSL and the JDK, contexts that change while a server runs, by the
 * names that clients ask for, the keys of session tickets, and what is counted. {@code engine.net} puts it before a protocol,
 * pools before their connections. Knows no server and no pool. Any thread, unless a class says otherwise.
 */
@NullMarked
package io.solaster.engine.tls;

import org.jspecify.annotations.NullMarked;
