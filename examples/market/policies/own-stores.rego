# A store manager sees the lines of the stores that the identity provider says are theirs.
package meshloom.policies.own_stores

import rego.v1

manager if "store-managers" in input.principal.groups

has_stores if "store_id" in input.port.columns

row_filters contains {"column": "store_id", "operator": "in", "values": stores} if {
	manager
	has_stores
}

default stores := []

stores := input.principal.attributes.stores
