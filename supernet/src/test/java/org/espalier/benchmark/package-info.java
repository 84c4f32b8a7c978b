@NullMarked
package org.espalier.benchmark;

import org.jspecify.annotations.NullMarked;
