# Who may read, and what they do not see. Every policy has a package meshloom.policies.<id>, a hyphen as an underscore;
# its rules: allow and deny (reasons), row_filters ({column, operator, values}), column_masks ({column, kind}).
package meshloom.policies.access

import rego.v1

sensitive := {"confidential", "restricted"}

owner if input.port.owner in input.principal.groups

allow contains "products are open to the people of the mesh" if {
	input.principal.name != ""
	count(input.principal.groups) > 0
}

deny contains "this port holds sensitive columns: say for which purpose you read it" if {
	input.purpose == ""
	some classification in input.port.classifications
	classification in sensitive
}

# The owner sees sensitive columns, to check them; everybody else sees nothing in their place.
column_masks contains {"column": column, "kind": "null"} if {
	some column, classification in input.port.classifications
	classification in sensitive
	not owner
}
