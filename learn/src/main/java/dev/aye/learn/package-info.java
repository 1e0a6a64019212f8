/**
 * Learning and forgetting: data sets that prove what they may be used for, models of counts, and
 * the job that makes all of it forget somebody exactly.
 */
@org.jspecify.annotations.NullMarked
package dev.aye.learn;
