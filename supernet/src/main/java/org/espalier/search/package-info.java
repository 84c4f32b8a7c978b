@NullMarked
package org.espalier.search;

import org.jspecify.annotations.NullMarked;
