@NullMarked
package org.espalier.bench;

import org.jspecify.annotations.NullMarked;
