package linearapi

import (
	_ "embed" // the texts of the operations
	"strings"
)

// The texts of the operations. A file and its operation are named after the
// root field, or after the first one if there are several, or after what they
// are for if another operation has that name.
var (
	//go:embed operations/agentActivityCreate.graphql
	agentActivityCreateText string
	//go:embed operations/agentSession.graphql
	agentSessionText string
	//go:embed operations/agentSessionActivities.graphql
	agentSessionActivitiesText string
	//go:embed operations/agentSessionMessages.graphql
	agentSessionMessagesText string
	//go:embed operations/agentSessionUpdate.graphql
	agentSessionUpdateText string
	//go:embed operations/attachmentCreate.graphql
	attachmentCreateText string
	//go:embed operations/attachmentDelete.graphql
	attachmentDeleteText string
	//go:embed operations/attachmentLinkURL.graphql
	attachmentLinkURLText string
	//go:embed operations/attachmentUpdate.graphql
	attachmentUpdateText string
	//go:embed operations/attachmentsForURL.graphql
	attachmentsForURLText string
	//go:embed operations/comment.graphql
	commentText string
	//go:embed operations/commentCreate.graphql
	commentCreateText string
	//go:embed operations/commentDelete.graphql
	commentDeleteText string
	//go:embed operations/commentReactions.graphql
	commentReactionsText string
	//go:embed operations/commentResolve.graphql
	commentResolveText string
	//go:embed operations/commentThread.graphql
	commentThreadText string
	//go:embed operations/commentUnresolve.graphql
	commentUnresolveText string
	//go:embed operations/commentUpdate.graphql
	commentUpdateText string
	//go:embed operations/comments.graphql
	commentsText string
	//go:embed operations/cycles.graphql
	cyclesText string
	//go:embed operations/fileUpload.graphql
	fileUploadText string
	//go:embed operations/issue.graphql
	issueText string
	//go:embed operations/issueAddLabel.graphql
	issueAddLabelText string
	//go:embed operations/issueArchive.graphql
	issueArchiveText string
	//go:embed operations/issueAttachments.graphql
	issueAttachmentsText string
	//go:embed operations/issueComments.graphql
	issueCommentsText string
	//go:embed operations/issueCreate.graphql
	issueCreateText string
	//go:embed operations/issueDelete.graphql
	issueDeleteText string
	//go:embed operations/issueLabelCreate.graphql
	issueLabelCreateText string
	//go:embed operations/issueLabels.graphql
	issueLabelsText string
	//go:embed operations/issueReactions.graphql
	issueReactionsText string
	//go:embed operations/issueRelationCreate.graphql
	issueRelationCreateText string
	//go:embed operations/issueRelationDelete.graphql
	issueRelationDeleteText string
	//go:embed operations/issueRelations.graphql
	issueRelationsText string
	//go:embed operations/issueRemoveLabel.graphql
	issueRemoveLabelText string
	//go:embed operations/issueUnarchive.graphql
	issueUnarchiveText string
	//go:embed operations/issueUpdate.graphql
	issueUpdateText string
	//go:embed operations/issues.graphql
	issuesText string
	//go:embed operations/projects.graphql
	projectsText string
	//go:embed operations/rateLimitStatus.graphql
	rateLimitStatusText string
	//go:embed operations/reactionCreate.graphql
	reactionCreateText string
	//go:embed operations/reactionDelete.graphql
	reactionDeleteText string
	//go:embed operations/searchIssues.graphql
	searchIssuesText string
	//go:embed operations/team.graphql
	teamText string
	//go:embed operations/teams.graphql
	teamsText string
	//go:embed operations/user.graphql
	userText string
	//go:embed operations/users.graphql
	usersText string
	//go:embed operations/viewer.graphql
	viewerText string
	//go:embed operations/workflowStates.graphql
	workflowStatesText string
)

// Operations returns the text of every operation that a [Client] sends, by the
// operation's name.
func Operations() map[string]string {
	return map[string]string{
		"agentActivityCreate":    agentActivityCreateText,
		"agentSession":           agentSessionText,
		"agentSessionActivities": agentSessionActivitiesText,
		"agentSessionMessages":   agentSessionMessagesText,
		"agentSessionUpdate":     agentSessionUpdateText,
		"attachmentCreate":       attachmentCreateText,
		"attachmentDelete":       attachmentDeleteText,
		"attachmentLinkURL":      attachmentLinkURLText,
		"attachmentUpdate":       attachmentUpdateText,
		"attachmentsForURL":      attachmentsForURLText,
		"comment":                commentText,
		"commentCreate":          commentCreateText,
		"commentDelete":          commentDeleteText,
		"commentReactions":       commentReactionsText,
		"commentResolve":         commentResolveText,
		"commentThread":          commentThreadText,
		"commentUnresolve":       commentUnresolveText,
		"commentUpdate":          commentUpdateText,
		"comments":               commentsText,
		"cycles":                 cyclesText,
		"fileUpload":             fileUploadText,
		"issue":                  issueText,
		"issueAddLabel":          issueAddLabelText,
		"issueArchive":           issueArchiveText,
		"issueAttachments":       issueAttachmentsText,
		"issueComments":          issueCommentsText,
		"issueCreate":            issueCreateText,
		"issueDelete":            issueDeleteText,
		"issueLabelCreate":       issueLabelCreateText,
		"issueLabels":            issueLabelsText,
		"issueReactions":         issueReactionsText,
		"issueRelationCreate":    issueRelationCreateText,
		"issueRelationDelete":    issueRelationDeleteText,
		"issueRelations":         issueRelationsText,
		"issueRemoveLabel":       issueRemoveLabelText,
		"issueUnarchive":         issueUnarchiveText,
		"issueUpdate":            issueUpdateText,
		"issues":                 issuesText,
		"projects":               projectsText,
		"rateLimitStatus":        rateLimitStatusText,
		"reactionCreate":         reactionCreateText,
		"reactionDelete":         reactionDeleteText,
		"searchIssues":           searchIssuesText,
		"team":                   teamText,
		"teams":                  teamsText,
		"user":                   userText,
		"users":                  usersText,
		"viewer":                 viewerText,
		"workflowStates":         workflowStatesText,
	}
}

// write reports whether the operation is a mutation.
func (op operation) write() bool { return strings.HasPrefix(op.text, "mutation") }

// operation is one call of an operation.
type operation struct {
	name string
	text string
	// repeatable says that running it twice does no more than running it
	// once: it reads, it writes under an id of the caller's, or it says what
	// a thing shall be like afterwards.
	repeatable bool
}
