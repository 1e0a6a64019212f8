/** Simulated people: what a browser does, in Java, in a process of their own. */
@org.jspecify.annotations.NullMarked
package dev.aye.app.people;
